/**
 * Sharing out a budget among the bids of one campaign and tick: bids become integers within their limits, caps come out of one pool of money.
 *
 * Holds A1, A2 and A3 of the allocation: what is granted is affordable, within limits, and pays for at least one click.
 */
import { reservationMicros } from "../decision.ts";
import type { Wishes } from "./allocation.ts";
import type { PolicyInput } from "./policy.ts";

/** Largest integer cap whose reservation fits into so much money. */
function affordableCap(micros: number, overDeliveryFactor: number): number {
  const cap = Math.floor(micros / overDeliveryFactor);
  if (!(cap > 0)) return 0;
  return reservationMicros(cap, overDeliveryFactor) > micros ? cap - 1 : cap;
}

/** True where the row has, or may still get, a bid. */
export function isOpen(wishes: Wishes, row: number): boolean {
  return wishes.verdict[row] === "bid" || wishes.verdict[row] === "probe";
}

function factorOf(input: PolicyInput, row: number): number {
  return input.platforms[input.spec.platforms[row]].overDeliveryFactor;
}

/** Makes bids integers within the limits (A2), refusing those that lie under one; returns how many the campaign's maximum clipped. */
export function fitBids(input: PolicyInput, wishes: Wishes): number {
  const { spec, platforms, board, account } = input;
  let clipped = 0;
  for (let i = 0; i < wishes.length; i += 1) {
    if (!isOpen(wishes, i)) continue;
    const platform = spec.platforms[i];
    const { floorMicros, overDeliveryFactor, control } = platforms[platform];
    const wishMicros = wishes.bidMicros[i] > 0 ? Math.floor(wishes.bidMicros[i]) : 0;
    let bidMicros = Math.min(wishMicros, spec.maxBidMicros);
    // The last money: nothing reserved will come back, so a lower bid is the only one left.
    const lastMicros =
      account.reservedMicros === 0 ? affordableCap(account.availableMicros, overDeliveryFactor) : bidMicros;
    const isLast = lastMicros < bidMicros;
    if (isLast) bidMicros = lastMicros;
    if (wishMicros === 0) wishes.verdict[i] = "below-price";
    else if (bidMicros < Math.max(1, floorMicros)) wishes.verdict[i] = isLast ? "unaffordable" : "below-floor";
    else if (bidMicros < spec.minBidMicros) wishes.verdict[i] = isLast ? "unaffordable" : "below-min-bid";
    // Where the cap is all that can be steered, the mean price is what will be paid.
    else if (control === "budget" && wishes.marginalMicros[i] < board.cpcMicros[platform]) {
      wishes.verdict[i] = "below-price";
    } else if (!isLast && wishMicros > bidMicros) clipped += 1;
    wishes.bidMicros[i] = bidMicros;
  }
  return clipped;
}

/** Leaves one bid: the highest ROI per click among those that the limit can pay for; the first of equals. */
export function keepBest(input: PolicyInput, wishes: Wishes, limitMicros: number): void {
  const { spec, board } = input;
  let best = -1;
  let bestRoiMicros = 0;
  for (let i = 0; i < wishes.length; i += 1) {
    if (!isOpen(wishes, i)) continue;
    const needMicros = reservationMicros(wishes.bidMicros[i], factorOf(input, i));
    if (needMicros > Math.min(limitMicros, wishes.limitMicros[i])) {
      refuse(input, wishes, i, limitMicros);
      continue;
    }
    const roiMicros = wishes.cvr[i] * spec.valuePerConversionMicros - board.cpcMicros[spec.platforms[i]];
    if (best >= 0 && roiMicros <= bestRoiMicros) {
      wishes.verdict[i] = "not-best";
      continue;
    }
    if (best >= 0) wishes.verdict[best] = "not-best";
    best = i;
    bestRoiMicros = roiMicros;
  }
}

/** Writes the caps of all bids; the one worst served is refused until every bid left can pay for a click (A1, A3). */
export function shareOut(input: PolicyInput, wishes: Wishes, limitMicros: number, reportLagTicks: number): void {
  let poolMicros = grantProbes(input, wishes, limitMicros);
  for (;;) {
    let worst = -1;
    let worstRatio = 1;
    let leftMicros = poolMicros;
    const keysMicros = sumOfKeys(wishes);
    for (let i = 0; i < wishes.length; i += 1) {
      if (wishes.verdict[i] !== "bid") continue;
      const bidMicros = wishes.bidMicros[i];
      // A sole bid gets the pool to the micro; the bound is there because sums of fractions may round above it.
      const shareMicros = Math.min(leftMicros, Math.floor(poolMicros * (key(wishes, i) / keysMicros)));
      leftMicros -= shareMicros;
      let cap = affordableCap(Math.min(shareMicros, wishes.limitMicros[i]), factorOf(input, i));
      if (reportLagTicks > 0) {
        const lateMicros = Math.max(3 * key(wishes, i), 4 * bidMicros, cap / (2 * (reportLagTicks + 1)));
        cap = Math.min(cap, Math.floor(lateMicros));
      }
      wishes.capMicros[i] = cap;
      if (cap < bidMicros && cap / bidMicros <= worstRatio) {
        worst = i;
        worstRatio = cap / bidMicros;
      }
    }
    if (worst < 0) return;
    refuse(input, wishes, worst, limitMicros);
  }
}

/** Grants probes their one click, in order, and returns the money left over. */
function grantProbes(input: PolicyInput, wishes: Wishes, limitMicros: number): number {
  let leftMicros = limitMicros;
  for (let i = 0; i < wishes.length; i += 1) {
    if (wishes.verdict[i] !== "probe") continue;
    const needMicros = reservationMicros(wishes.bidMicros[i], factorOf(input, i));
    if (needMicros > Math.min(leftMicros, wishes.limitMicros[i])) {
      refuse(input, wishes, i, limitMicros);
    } else {
      wishes.capMicros[i] = wishes.bidMicros[i];
      leftMicros -= needMicros;
    }
  }
  return leftMicros;
}

/** The key by which a bid shares: its expected spend; a bid that expects none still gets a micro's worth. */
function key(wishes: Wishes, row: number): number {
  const expectedMicros = wishes.expectedSpendMicros[row];
  return expectedMicros >= 1 && expectedMicros < Number.MAX_SAFE_INTEGER ? expectedMicros : 1;
}

function sumOfKeys(wishes: Wishes): number {
  let sum = 0;
  for (let i = 0; i < wishes.length; i += 1) if (wishes.verdict[i] === "bid") sum += key(wishes, i);
  return sum;
}

/** Refuses a bid for want of money: `paced` where the account could pay for the click and only a limit of this tick forbids it. */
function refuse(input: PolicyInput, wishes: Wishes, row: number, limitMicros: number): void {
  const needMicros = reservationMicros(wishes.bidMicros[row], factorOf(input, row));
  const isPaced =
    needMicros > Math.min(limitMicros, wishes.limitMicros[row]) && needMicros <= input.account.availableMicros;
  wishes.verdict[row] = isPaced ? "paced" : "unaffordable";
}
