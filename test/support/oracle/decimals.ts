/** Decimals of the oracle: whole numbers in bigint, worked out anew so that it shares nothing with the engine. */
export function units(written: string, places: number): bigint {
  const negative = written.startsWith('-');
  const [whole, fraction = ''] = written.replace(/^[+-]/, '').split('.');
  const value =
    BigInt(whole || '0') * 10n ** BigInt(places) + BigInt((fraction + '0'.repeat(places)).slice(0, places) || '0');
  return negative ? -value : value;
}

export function text(value: bigint, places: number, placesMin: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, -places);
  let fraction = digits.slice(-places);
  while (fraction.length > placesMin && fraction.endsWith('0')) fraction = fraction.slice(0, -1);
  return (negative ? '-' : '') + whole + (fraction === '' ? '' : `.${fraction}`);
}

/** percent of base, half up to whole steps; base and step in 1e-8. */
export function roundedPercent(percent: string, base: bigint, step: bigint): bigint {
  const numerator = base * units(percent, 8);
  const denominator = 100n * 10n ** 8n * step;
  return ((numerator * 2n + denominator) / (denominator * 2n)) * step;
}
