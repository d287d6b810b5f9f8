/** The dashboard: one page, four views, fed by the live frames. */
import { render } from "preact";
import type { DashboardFrame } from "../../observe/frames.ts";
import { clock, count, dateTime } from "../format.ts";
import { frame, keepToken, link, listen } from "../service.ts";
import type { Link } from "../service.ts";
import { Shell } from "../shell.tsx";
import type { Place } from "../shell.tsx";
import { CampaignView } from "./campaign.tsx";
import { CampaignsView } from "./campaigns.tsx";
import { confirm, Dialog, textOf } from "./dialog.tsx";
import { Loading } from "./parts.tsx";
import { PlatformsView } from "./platforms.tsx";
import { route } from "./route.ts";
import { remember, SystemView } from "./system.tsx";
import "./dashboard.css";

const PLACES = {
  campaigns: "/",
  campaign: "/",
  platforms: "/platforms",
  system: "/system",
  nowhere: "/",
} as const satisfies Record<string, Place>;

const TITLES = { campaigns: "Campaigns", campaign: "Campaign", platforms: "Platforms", system: "System", nowhere: "" };

function Page() {
  const shown = frame.value;
  const { view, id } = route.value;
  const state = link.value;
  document.title = [id ?? TITLES[view], shown?.name, "campaign-engine"].filter(Boolean).join(" · ");
  const isOld = shown !== null && state !== "live";
  return (
    <Shell at={PLACES[view]} tools={shown === null ? null : <Tools shown={shown} state={state} />}>
      <Notices state={state} shown={shown} />
      {shown === null ? (
        <First state={state} />
      ) : (
        <div class={`view ${isOld ? "is-old" : ""}`}>
          <View shown={shown} />
        </div>
      )}
      <Dialog />
    </Shell>
  );
}

function View({ shown }: { readonly shown: DashboardFrame }) {
  const { view, id } = route.value;
  if (view === "campaign" && id !== null) return <CampaignView key={id} id={id} frame={shown} />;
  if (view === "platforms") return <PlatformsView frame={shown} />;
  if (view === "system") return <SystemView frame={shown} />;
  if (view === "campaigns") return <CampaignsView frame={shown} />;
  return (
    <div class="first">
      <h1>There is no such page</h1>
      <p>
        <a href="/">All campaigns</a>
      </p>
    </div>
  );
}

const LINKS: Readonly<Record<Link, readonly [tone: string, word: string]>> = {
  connecting: ["", "connecting"],
  live: ["is-good", "live"],
  stale: ["is-warn", "stale"],
  lost: ["is-bad", "connection lost"],
  locked: ["is-bad", "locked"],
};

function Tools({ shown, state }: { readonly shown: DashboardFrame; readonly state: Link }) {
  const [tone, word] = LINKS[state];
  const isStopped = shown.stoppedBecause !== null;
  return (
    <>
      <span class="chip now" title={`Time of the engine, UTC: ${dateTime(shown.timeMs)}, tick ${count(shown.tick)}`}>
        <i class={`dot ${tone} ${state === "live" ? "beats" : ""}`} aria-hidden="true" />
        <span role="status">{word}</span>
        <time>{clock(shown.timeMs)}</time>
      </span>
      <button
        type="button"
        class={isStopped ? "primary danger" : "danger"}
        onClick={() => confirm(stopOrder(isStopped))}
      >
        {isStopped ? "Resume bidding…" : "Stop all bidding…"}
      </button>
    </>
  );
}

function stopOrder(isStopped: boolean) {
  const common = { needsReason: true, method: "PUT", path: "/v1/kill-switch" } as const;
  return isStopped
    ? {
        ...common,
        title: "Resume bidding",
        text: "Every campaign that is not held bids again from the next tick on.",
        verb: "Resume bidding",
        body: { scope: "all", engaged: false },
      }
    : {
        ...common,
        title: "Stop all bidding",
        text: "No campaign bids anywhere until bidding is resumed. Bids that are out are still settled and booked.",
        verb: "Stop all bidding",
        isDangerous: true,
        body: { scope: "all", engaged: true },
      };
}

/** What the reader must know before anything else. */
function Notices({ state, shown }: { readonly state: Link; readonly shown: DashboardFrame | null }) {
  if (shown === null) return null;
  const closed = shown.platforms.filter(({ closedBecause }) => closedBecause !== null);
  return (
    <div class="notices" aria-live="polite">
      {state === "lost" || state === "locked" ? (
        <p class="banner alert">
          <b>The service does not answer.</b> These figures are of {clock(shown.timeMs)}; this page tries again every
          two seconds.
        </p>
      ) : null}
      {state === "stale" ? (
        <p class="banner caution">
          <b>Nothing was heard for some seconds.</b> These figures are of {clock(shown.timeMs)}.
        </p>
      ) : null}
      {shown.stoppedBecause === null ? null : (
        <p class="banner alert">
          <b>All bidding is stopped.</b> {shown.stoppedBecause}. Reports are still booked.
        </p>
      )}
      {shown.engine === "draining" || shown.engine === "stopped" ? (
        <p class="banner caution">
          <b>The service is ending.</b> Nothing new is bid; spend reports are still taken.
        </p>
      ) : null}
      {closed.map(({ id, closedBecause }) => (
        <p key={id} class="banner caution">
          <b>{id} is closed.</b> {closedBecause}
        </p>
      ))}
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
        <h1>This service asks for its token</h1>
        <p>It can be reached from other machines, so reading needs the token too. It stays in this tab.</p>
        <p class="actions">
          <input name="token" type="password" aria-label="Token" autocomplete="off" required />
          <button class="primary">Open</button>
        </p>
      </form>
    );
  }
  if (state === "lost") {
    return (
      <div class="first" role="status">
        <h1>The service does not answer</h1>
        <p>It may still be starting. This page tries again every two seconds.</p>
      </div>
    );
  }
  return (
    <div class="view">
      <div class="tiles">
        {Array.from({ length: 6 }, (_, at) => (
          <div key={at} class="card tile">
            <Loading lines={2} />
          </div>
        ))}
      </div>
      <div class="card">
        <Loading lines={8} />
      </div>
    </div>
  );
}

listen();
remember();
render(<Page />, document.querySelector("#page")!);
