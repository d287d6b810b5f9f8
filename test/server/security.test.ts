import { createConnection } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "../../src/server/listen.ts";
import { MAX_BATCH_BYTES, MAX_ORDER_BYTES } from "../../src/server/security.ts";
import { streamed } from "../../src/server/streams.ts";
import { LiveService, TOKEN } from "./live-service.ts";

const live = new LiveService({ isDemo: true, stuckMs: 300 });
beforeAll(() => {
  live.start().tick(2);
});
afterAll(() => {
  live.close();
});

const codeOf = async (response: Response) =>
  [response.status, ((await response.json()) as { error: { code: string } }).error.code] as const;
const pause = (headers: Record<string, string>) => live.send("POST", "/v1/campaigns/shoes-0001/pause", {}, headers);

describe("the guard", () => {
  it.each(["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:8080"])(
    "hears nothing for the host %j (SE1)",
    async (host) => {
      expect(await codeOf(await live.get("/v1/status", { host }))).toEqual([403, "host.foreign"]);
    },
  );

  it.each(["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"])("answers for the host %j", async (host) => {
    expect((await live.get("/v1/status", { host })).status).toBe(200);
  });

  it("refuses orders without the token, or with another (SE2)", async () => {
    expect(await codeOf(await pause({ authorization: "" }))).toEqual([401, "token.missing"]);
    expect(await codeOf(await pause({ authorization: `Bearer ${TOKEN}x` }))).toEqual([401, "token.wrong"]);
    expect(live.orders).toEqual([]);
  });

  it("refuses orders and records from other origins, token or not (SE2)", async () => {
    const foreign: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { origin: "null" },
      { origin: "http://localhost:9" },
      { "sec-fetch-site": "cross-site" },
    ];
    for (const headers of foreign) {
      expect(await codeOf(await pause(headers))).toEqual([403, "origin.foreign"]);
    }
    expect(live.orders).toEqual([]);
    expect((await pause({ origin: "http://localhost:8080", "sec-fetch-site": "same-origin" })).status).toBe(200);
  });

  it("takes no orders where there is no token", async () => {
    const silent = new LiveService({ guard: { token: null } });
    expect(await codeOf(await silent.send("POST", "/v1/metrics", {}))).toEqual([403, "write.disabled"]);
    silent.close();
  });

  it("wants the token for reading too where it is bound beyond this machine (SE3)", async () => {
    const open = new LiveService({ guard: { isPublic: true, hosts: ["ads.example"] } }).start();
    expect((await open.get("/v1/status", { host: "ads.example" })).status).toBe(401);
    expect((await open.get("/metrics", { host: "ads.example" })).status).toBe(401);
    expect((await open.get("/readyz", { host: "ads.example" })).status).toBe(200);
    const headers = { host: "ads.example", authorization: `Bearer ${TOKEN}` };
    expect((await open.get("/v1/status", headers)).status).toBe(200);
    open.close();
  });

  it("lets pages run scripts of the service alone (SE4)", async () => {
    const { headers } = await live.get("/v1/status");
    const policy = headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("x-frame-options")).toBe("DENY");
  });

  it("refuses bodies that are too large with 413, declared or not", async () => {
    const large = { why: "x".repeat(MAX_ORDER_BYTES) };
    expect((await live.send("POST", "/v1/campaigns/shoes-0001/pause", large)).status).toBe(413);
    const chunk = new Uint8Array(MAX_BATCH_BYTES / 4).fill(0x20);
    let left = 5;
    const body = new ReadableStream({
      pull: (controller) => (left-- > 0 ? controller.enqueue(chunk) : controller.close()),
    });
    const headers = { host: "localhost", authorization: `Bearer ${TOKEN}`, "content-type": "application/x-ndjson" };
    const answer = await live.app.request("/v1/metrics", { method: "POST", body, headers, duplex: "half" });
    expect(answer.status).toBe(413);
    const lines = Array.from({ length: 10_001 }, () => "{}").join("\n");
    expect((await live.send("POST", "/v1/metrics", lines)).status).toBe(413);
  });

  it("refuses forms, which any page could send", async () => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await pause(form)).status).toBe(415);
    expect((await live.send("POST", "/v1/metrics", "{}", { "content-type": "text/plain" })).status).toBe(415);
  });

  it("never says the token", async () => {
    const answers = await Promise.all([
      pause({ authorization: "Bearer no" }),
      live.get("/v1/events"),
      live.get("/metrics"),
    ]);
    for (const answer of answers) expect(await answer.text()).not.toContain(TOKEN);
    expect(JSON.stringify(live.orders)).not.toContain(TOKEN);
  });
});

describe("the socket", () => {
  it("cuts clients that are slow to send, and refuses headers without end", async () => {
    const server = await listen(live.app, "127.0.0.1", 0, { headersMs: 200, requestMs: 300 });
    const talk = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = createConnection(server.port, "127.0.0.1");
        let heard = "";
        socket.on("data", (data) => (heard += data.toString()));
        socket.on("close", () => resolve(heard));
        socket.on("error", () => resolve(heard));
        socket.write(text);
      });
    expect(await talk("GET /healthz HTTP/1.1\r\nHost: localhost\r\n")).toMatch(/^(HTTP\/1.1 408|$)/);
    const body = `POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{`;
    expect(await talk(body)).toMatch(/^(HTTP\/1.1 408|$)/);
    expect(await talk(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 431/,
    );
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
    await server.close(100);
  });

  it("drops a viewer that reads nothing (ST2)", async () => {
    const { app, run } = live;
    const data = "x".repeat(4_000_000);
    const flood = new Hono().get("/flood", (context) => streamed(context, run, () => [{ event: "much", data }]));
    const server = await listen(new Hono().route("/", flood), "127.0.0.1", 0);
    const socket = createConnection(server.port, "127.0.0.1");
    const closed = new Promise((done) => socket.once("close", done));
    socket.on("error", () => undefined);
    socket.write("GET /flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await expect.poll(() => run.vitals.viewers).toBe(1);
    await expect.poll(() => run.vitals.viewers, { timeout: 5_000 }).toBe(0);
    socket.resume();
    await closed;
    await server.close(100);
    expect((await app.request("/healthz", { headers: { host: "localhost" } })).status).toBe(200);
  });

  it("says which port is taken", async () => {
    const server = await listen(live.app, "127.0.0.1", 0);
    await expect(listen(live.app, "127.0.0.1", server.port)).rejects.toMatchObject({ code: "CE_USAGE_INVALID" });
    await server.close(100);
  });
});
