import { describe, expect, it } from "vitest";
import { StatelyFeed } from "../../src/inspect/stately.ts";
import { PlayedRun, scenarioOf } from "../runtime/played-run.ts";

const many = scenarioOf({ campaigns: [{ id: "shoes", count: 40, budget: 60, valuePerConversion: 35 }] });

describe("Stately's protocol", () => {
  it("tells of the supervisors and a dozen campaigns, the chosen one among them, each under a parent that was told of", () => {
    const { engine } = new PlayedRun(many);
    engine.start();
    const feed = new StatelyFeed(engine, "campaign:shoes-0037", () => 7);
    const { messages } = feed.take();
    const actors = messages.filter(({ type }) => type === "@xstate.actor");
    expect(actors[0]).toMatchObject({ name: "engine", createdAt: "7", snapshot: { status: "active" } });
    expect(JSON.parse(String(actors[0]["definition"]))).toMatchObject({ states: expect.any(Object) });
    const campaigns = actors.filter(({ name }) => String(name).startsWith("campaign:"));
    expect(campaigns).toHaveLength(12);
    expect(campaigns.map(({ name }) => name)).toContain("campaign:shoes-0037");
    const sessions = new Set(actors.map(({ sessionId }) => sessionId));
    for (const { parentId } of actors.slice(1)) expect(sessions).toContain(parentId);
    engine.tick();
    const news = feed.take().messages;
    expect(new Set(news.map(({ type }) => type))).toEqual(new Set(["@xstate.event", "@xstate.snapshot"]));
    for (const message of news) expect(sessions).toContain(message.sessionId);
    expect(JSON.stringify(news).length).toBeGreaterThan(1_000);
    feed.stop();
    engine.tick();
    expect(feed.take().messages).toEqual([]);
    engine.stop();
  });

  it("drops what is not read in time (SI2)", () => {
    const { engine } = new PlayedRun(many);
    engine.start();
    const feed = new StatelyFeed(engine, undefined, () => 0);
    for (let tick = 0; tick < 40; tick += 1) engine.tick();
    const { messages, dropped } = feed.take();
    expect(messages).toHaveLength(400);
    expect(dropped).toBeGreaterThan(100);
    feed.stop();
    engine.stop();
  });
});
