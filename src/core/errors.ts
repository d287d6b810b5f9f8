/**
 * Coded errors: one list, each with the exit code it maps to and the reaction it asks for.
 */

/** Every error code with its process exit code: 1 unexpected, 2 usage, 3 bad scenario or data, 4 expectation violated. */
export const ERROR_CODES = {
  CE_USAGE_INVALID: 2,
  CE_SCENARIO_INVALID: 3,
  CE_SCENARIO_UNREADABLE: 3,
  CE_DATA_INVALID: 3,
  CE_DATA_UNREADABLE: 3,
  CE_DATA_TOO_LARGE: 3,
  CE_OUTPUT_UNWRITABLE: 3,
  CE_EXPECT_VIOLATED: 4,
  CE_LEDGER_INVARIANT: 1,
  CE_LEDGER_REFUSED: 1,
  CE_ENGINE_INVARIANT: 1,
  CE_ORDER_REFUSED: 1,
  CE_MACHINE_UNSUPPORTED: 1,
  CE_POLICY_UNKNOWN: 3,
  CE_POLICY_INVALID: 1,
  CE_POLICY_UNREADABLE: 3,
  CE_POLICY_MALFORMED: 3,
  CE_FORECASTER_UNKNOWN: 3,
  /** There is no state where it was looked for. */
  CE_STATE_MISSING: 3,
  /** Another process owns the state. */
  CE_STATE_BUSY: 3,
  /** A file of another program. */
  CE_STATE_FOREIGN: 3,
  /** Written by a newer version. */
  CE_STATE_NEWER: 3,
  /** Damaged: nothing after that place can be trusted. */
  CE_STATE_CORRUPT: 3,
  /** The state is of another scenario. */
  CE_STATE_MISMATCH: 3,
  /** The place cannot be written to. Nothing is bid until it can. */
  CE_STATE_UNWRITABLE: 3,
  /** There is no room. Nothing is bid until there is. */
  CE_STATE_FULL: 3,
  /** Something in use cannot be saved: after a crash the whole log is gone through instead. */
  CE_STATE_UNSAVABLE: 1,
  /** Another owner has taken over: this one stops. */
  CE_STATE_FENCED: 1,
  /** Replayed, the log does not give what it says: the code that wrote it decided otherwise. */
  CE_STATE_DIVERGED: 1,
  /** The books of a state do not balance. */
  CE_STATE_UNBALANCED: 4,
  /** A part of the engine has died: the log goes on when it is started again. */
  CE_STATE_INTERRUPTED: 1,
  CE_THREADS_REFUSED: 2,
} as const;

/** A code out of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Where in the input an error is, and what would mend it. Lines and columns count from 1. */
export interface ErrorPlace {
  file?: string;
  line?: number;
  column?: number;
  /** Dotted path of the field, e.g. `campaigns[0].budget`, or a CSV column name. */
  field?: string;
  /** What was expected there. */
  expected?: string;
  /** One sentence that helps to mend it. */
  hint?: string;
}

/** The one error class: a code, a message for people, and a place in the input. */
export class EngineError extends Error {
  readonly code: ErrorCode;
  readonly place: ErrorPlace;

  constructor(code: ErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "EngineError";
    this.code = code;
    this.place = place;
  }

  /** The process exit code for this error. */
  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}
