import fc from "fast-check";

/** One fixed seed for every property, unless a run asks for another: `FC_SEED=123 npm test`. */
fc.configureGlobal({ seed: Number(process.env["FC_SEED"] ?? 20_260_105) });
