/** The kinds of fault that a run can inject, with what each does: the one list that scenario, command line, log and chaos share. */

/** What each kind does; a rate is a probability per chance, in 0..1. */
export const FAULT_KINDS = {
  "decision-throws": "a campaign's decision throws; a chance per campaign and tick",
  "action-throws": "a campaign's action (learning from reports) throws; a chance per campaign and report event",
  "guard-throws": "a campaign's guard throws; a chance per campaign and report event",
  "forecast-nan": "a platform's forecast is not a number; a chance per platform and tick",
  "forecast-absurd": "a platform's forecast is absurd; a chance per platform and tick",
  "forecaster-throws": "a platform's forecaster throws; a chance per platform and tick",
  "platform-silent": "a platform falls silent for a while; a chance per platform and tick",
  "platform-slow": "a platform's reports come late for a while; a chance per platform and tick",
  "platform-flapping": "a platform is heard in every other tick for a while; a chance per platform and tick",
  "platform-refusing": "a platform refuses every bid for a while; a chance per platform and tick",
  "over-delivery": "a platform charges more than the cap that it was given; a chance per report",
  "report-late": "a report comes late; a chance per report",
  "report-twice": "a report comes twice; a chance per report",
  "report-reordered": "a report comes out of order; a chance per report",
  "report-lost": "a report never comes; a chance per report",
  "report-restated": "a report comes again with other numbers; a chance per report",
  "feed-garbage": "a platform's metrics are garbage; a chance per platform and tick",
  "clock-jump": "the clock jumps, forwards or backwards; a chance per tick",
  "supervisor-throws": "a portfolio's supervisor throws; a chance per portfolio and tick",
} as const;

/** One kind of fault. */
export type FaultKind = keyof typeof FAULT_KINDS;

/** Probability of each kind per chance, 0..1; kinds left out do not happen. */
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;
