/** Something that learns, and whose knowledge can be taken out and put into another of its kind, which then goes on exactly as it would have. */
export interface Savable<State = unknown> {
  /** What it knows: plain data that a structured clone can carry; what is learned later may show in it until it is cloned. */
  save(): State;
  /** Takes over what one that was made with the same arguments knew. */
  restore(state: State): void;
}
