/** What an operator can order about campaigns while they run. */

/** Every kind of order, with what it does. */
export const ORDERS = {
  hold: "the campaign does not bid until it is released",
  release: "a held or quarantined campaign goes on, with a clean record",
  "top-up": "the budget grows by an amount",
} as const;

/** One kind of order. */
export type OrderKind = keyof typeof ORDERS;

/** One order about one or more campaigns. */
export interface Order {
  /** Before which tick it is carried out. */
  readonly tick: number;
  readonly slots: readonly number[];
  readonly kind: OrderKind;
  /** Of a top-up; 0 for the others [micros]. */
  readonly micros: number;
  /** The operator's reason, for the log. */
  readonly why: string;
}
