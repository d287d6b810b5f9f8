/** Orders, each confirmed in a dialog that asks who and why, and for the token where it is not known yet. */
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { textOf } from "./format.ts";
import { beat, keepToken, order, Refusal, token } from "./service.ts";

/** An order that waits for its confirmation. */
export interface Request {
  readonly title: string;
  /** What it means, in a sentence or two. */
  readonly text: string;
  /** The word on its button. */
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

const request = signal<Request | null>(null);

/** Asks for confirmation; the order is given when the reader says so. */
export function confirm(wanted: Request): void {
  request.value = wanted;
}

/** The place of the dialog. */
export function Dialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const wanted = request.value;
  useEffect(() => {
    if (wanted === null) dialog.current?.close();
    else dialog.current?.showModal();
  }, [wanted]);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={() => (request.value = null)}>
      {wanted === null ? null : <Form key={wanted.title} wanted={wanted} />}
    </dialog>
  );
}

function Form({ wanted }: { readonly wanted: Request }) {
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const give = async (form: HTMLFormElement) => {
    const text = (name: string) => textOf(form, name);
    if (text("token") !== "") keepToken(text("token"));
    const by = text("by") === "" ? {} : { by: text("by") };
    const why = text("why") === "" ? {} : { why: text("why") };
    const amount =
      wanted.currency === undefined
        ? {}
        : { micros: Math.round(Number(text("amount")) * 1e6), key: crypto.randomUUID() };
    setSending(true);
    setTrouble(null);
    try {
      await order(wanted.method, wanted.path, { ...wanted.body, ...by, ...why, ...amount });
      if (text("by") !== "") localStorage.setItem("by", text("by"));
      request.value = null;
      beat.value += 1;
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
      <h2 id="dialog-title">{wanted.title}</h2>
      <p>{wanted.text}</p>
      {wanted.currency === undefined ? null : (
        <label>
          Amount in {wanted.currency}
          <input class="field" name="amount" type="number" min="0.01" step="0.01" required inputMode="decimal" />
        </label>
      )}
      <label>
        Why{wanted.needsReason === true ? "" : " (optional)"}
        <input class="field" name="why" maxLength={500} required={wanted.needsReason === true} autocomplete="off" />
      </label>
      <label>
        Your name, for the audit trail (optional)
        <input
          class="field"
          name="by"
          maxLength={80}
          defaultValue={localStorage.getItem("by") ?? ""}
          autocomplete="name"
        />
      </label>
      {token.value !== "" ? null : (
        <label>
          Token of orders: the service has printed it at its start, or was given it
          <input class="field" name="token" type="password" required autocomplete="off" />
        </label>
      )}
      {trouble === null ? null : (
        <p class="bad" role="alert">
          {trouble}
        </p>
      )}
      <div class="actions end">
        <button type="button" class="button" onClick={() => (request.value = null)}>
          Cancel
        </button>
        <button class={`button primary ${wanted.isDangerous === true ? "danger" : ""}`} disabled={isSending}>
          {isSending ? "…" : wanted.verb}
        </button>
      </div>
    </form>
  );
}
