/** The dashboard: one page, four views, fed by the live frames. */
import { render } from "preact";
import type { DashboardFrame } from "../observe/frames.ts";
import { Campaign } from "./campaign.tsx";
import { Dialog, confirm } from "./dialog.tsx";
import { dateTime, textOf } from "./format.ts";
import { Overview } from "./overview.tsx";
import { Platforms } from "./platforms.tsx";
import { route } from "./route.ts";
import { frame, keepToken, link, listen } from "./service.ts";
import type { Link } from "./service.ts";
import { remember, System } from "./system.tsx";
import "./dashboard.css";

const VIEWS = [
  { path: "campaigns", name: "Campaigns", href: "#/" },
  { path: "platforms", name: "Platforms", href: "#/platforms" },
  { path: "system", name: "System", href: "#/system" },
] as const;

function Page() {
  const shown = frame.value;
  const [view = "campaigns", id] = route.value;
  document.title = shown === null ? "campaign-engine" : `${id ?? shown.name} · campaign-engine`;
  return (
    <>
      <div class="bar">
        <div class="bar-inner">
          <a class="brand" href="#/">
            <img src="/assets/icon.svg" alt="" />
            {shown?.name ?? "campaign-engine"}
          </a>
          <nav aria-label="Pages">
            {VIEWS.map(({ path, name, href }) => (
              <a key={path} href={href} {...(path === view ? { "aria-current": "page" as const } : {})}>
                {name}
              </a>
            ))}
          </nav>
          <span class="grow" />
          {shown === null ? null : <Now shown={shown} />}
        </div>
      </div>
      <Warnings state={link.value} shown={shown} />
      {shown === null ? (
        <First state={link.value} />
      ) : (
        <View view={view} {...(id === undefined ? {} : { id })} shown={shown} />
      )}
      <Dialog />
    </>
  );
}

function View({ view, id, shown }: { readonly view: string; readonly id?: string; readonly shown: DashboardFrame }) {
  if (view === "campaigns")
    return id === undefined ? <Overview frame={shown} /> : <Campaign key={id} id={id} frame={shown} />;
  if (view === "platforms") return <Platforms frame={shown} />;
  if (view === "system") return <System frame={shown} />;
  return <p class="first">There is no such page.</p>;
}

const LINKS: Readonly<Record<Link, readonly [tone: string, word: string]>> = {
  connecting: ["", "connecting"],
  live: ["is-good", "live"],
  stale: ["is-warn", "stale"],
  lost: ["is-bad", "lost"],
  locked: ["is-bad", "locked"],
};

function Now({ shown }: { readonly shown: DashboardFrame }) {
  const [tone, word] = LINKS[link.value];
  const isStopped = shown.engine === "paused";
  const stop = () =>
    confirm(
      isStopped
        ? {
            title: "Let bidding go on",
            text: "Every campaign that is not held bids again from the next tick on.",
            verb: "Go on",
            needsReason: true,
            method: "PUT",
            path: "/v1/kill-switch",
            body: { scope: "all", engaged: false },
          }
        : {
            title: "Stop all bidding",
            text: "No campaign bids anywhere until you let it go on. Bids that are out are still settled and booked.",
            verb: "Stop all bidding",
            isDangerous: true,
            needsReason: true,
            method: "PUT",
            path: "/v1/kill-switch",
            body: { scope: "all", engaged: true },
          },
    );
  return (
    <>
      <span class="chip number" title="Time of the engine, UTC">
        {dateTime(shown.timeMs)}
      </span>
      <span class="chip" role="status">
        <i class={`dot ${tone}`} />
        {word}
      </span>
      <button type="button" class={`button danger ${isStopped ? "primary" : ""}`} onClick={stop}>
        {isStopped ? "Bidding is stopped…" : "Kill switch…"}
      </button>
    </>
  );
}

function Warnings({ state, shown }: { readonly state: Link; readonly shown: DashboardFrame | null }) {
  if (shown === null) return null;
  const text =
    state === "lost"
      ? "The service does not answer. What you see is what it said last; this page tries again every two seconds."
      : state === "stale"
        ? "Nothing was heard for some seconds. What you see may be out of date."
        : shown.engine === "paused"
          ? "All bidding is stopped. Reports are still booked."
          : shown.engine === "draining"
            ? "The service is shutting down: nothing new is bid, outstanding reports are awaited."
            : null;
  if (text === null) return null;
  return (
    <div class="notice">
      <p class={`banner ${state === "lost" ? "alert" : "caution"}`} role="alert">
        {text}
      </p>
    </div>
  );
}

/** Before the first frame. */
function First({ state }: { readonly state: Link }) {
  if (state === "locked") {
    return (
      <form
        class="first"
        onSubmit={(event) => {
          event.preventDefault();
          keepToken(textOf(event.currentTarget, "token"));
        }}
      >
        <p>This service is reached from elsewhere: reading needs its token.</p>
        <p class="actions unlock">
          <input class="field" name="token" type="password" aria-label="Token" autocomplete="off" required />
          <button class="button primary">Open</button>
        </p>
      </form>
    );
  }
  return (
    <p class="first" role="status">
      {state === "lost" ? "The service does not answer yet. This page tries again every two seconds." : "Loading…"}
    </p>
  );
}

listen();
remember();
render(<Page />, document.querySelector("#page")!);
