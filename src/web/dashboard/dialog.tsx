/** Orders, each confirmed in a dialog that asks why and who, and for the token where this tab does not know it yet. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { keepToken, order, Refusal, token } from "../service.ts";

/** An order that waits for its confirmation. */
export interface WantedOrder {
  readonly title: string;
  /** What it means, in a sentence or two. */
  readonly text: string;
  /** The words on its button. */
  readonly verb: string;
  readonly isDangerous?: boolean;
  /** True where a reason must be given. */
  readonly needsReason?: boolean;
  /** Asks for an amount in this currency. */
  readonly currency?: string;
  readonly method: "POST" | "PUT";
  readonly path: string;
  readonly body: object;
}

const NAME_KEY = "campaign-engine.name";
const wanted = signal<WantedOrder | null>(null);
const done = signal<string | null>(null);
/** How long a success is told [ms]. */
const TOLD_MS = 5_000;

/** Asks for confirmation; the order is given when the reader says so. */
export function confirm(one: WantedOrder): void {
  wanted.value = one;
}

/** The place of the dialog, and of the word that an order was carried out. */
export function Dialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const one = wanted.value;
  useEffect(() => {
    if (one === null) dialog.current?.close();
    else dialog.current?.showModal();
  }, [one]);
  const told = done.value;
  useEffect(() => {
    if (told === null) return undefined;
    const timer = setTimeout(() => (done.value = null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told]);
  return (
    <>
      <dialog ref={dialog} aria-labelledby="dialog-title" onClose={() => (wanted.value = null)}>
        {one === null ? null : <Form key={one.title} one={one} />}
      </dialog>
      <p class="toast" role="status">
        {told === null ? null : <span>✓ {told}</span>}
      </p>
    </>
  );
}

/** A field of a form, without the space around it. */
export function textOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value.trim() : "";
}

function Form({ one }: { readonly one: WantedOrder }) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  // The same key for every attempt: a repeat after a lost answer counts once.
  const [key] = useState(() => Array.from(crypto.getRandomValues(new Uint32Array(3)), String).join("-"));
  const give = async (form: HTMLFormElement) => {
    const [by, why, given] = [textOf(form, "by"), textOf(form, "why"), textOf(form, "token")];
    if (given !== "") keepToken(given);
    localStorage.setItem(NAME_KEY, by);
    const amount = one.currency === undefined ? {} : { micros: Math.round(Number(textOf(form, "amount")) * 1e6), key };
    setSending(true);
    setTrouble(null);
    try {
      await order(one.method, one.path, { ...one.body, ...(by && { by }), ...(why && { why }), ...amount });
      wanted.value = null;
      done.value = one.title;
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) keepToken("");
      setTrouble(error instanceof Refusal ? error.message : "The service does not answer.");
    } finally {
      setSending(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void give(event.currentTarget);
      }}
    >
      <h2 id="dialog-title">{one.title}</h2>
      <p class="quiet">{one.text}</p>
      {one.currency === undefined ? null : (
        <label>
          Amount in {one.currency}
          <input name="amount" type="number" min="0.01" max="1000000000" step="0.01" required inputMode="decimal" />
        </label>
      )}
      <label>
        {one.needsReason === true ? "Reason" : "Reason (optional)"}
        <input name="why" maxLength={500} required={one.needsReason === true} autocomplete="off" />
      </label>
      <label>
        Your name, for the record (optional)
        <input name="by" maxLength={80} defaultValue={localStorage.getItem(NAME_KEY) ?? ""} autocomplete="name" />
      </label>
      {token.value !== "" ? null : (
        <label>
          Token of orders
          <input name="token" type="password" required autocomplete="off" />
          <small>The service printed it when it started, or was given it. It stays in this tab.</small>
        </label>
      )}
      {trouble === null ? null : (
        <p class="bad" role="alert">
          {trouble}
        </p>
      )}
      <div class="actions end">
        <button type="button" onClick={() => (wanted.value = null)}>
          Cancel
        </button>
        <button class={`primary ${one.isDangerous === true ? "danger" : ""}`} disabled={isSending}>
          {isSending ? "Sending…" : one.verb}
        </button>
      </div>
    </form>
  );
}
