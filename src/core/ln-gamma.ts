/** ln Γ(x) for x ≥ 2, to 1e-5: Stirling's series, without the constant, which cancels wherever two are compared. */
export function lnGamma(x: number): number {
  return (x - 0.5) * Math.log(x) - x + 1 / (12 * x) - 1 / (360 * x ** 3);
}
