import * as z from "zod";

const MS_PER: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const BYTES_PER: Readonly<Record<string, number>> = { b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 };

/** A whole amount, in ms or bytes. `meta` has its range as text, for docs/configuration.md. */
type Quantity = z.ZodType<number, string | undefined>;

/** `15 min`, `24h`, `7 d`, `500 ms`; a bare number is seconds. Becomes milliseconds, from `least` to `most`. */
export function duration(fallback: string, least: string, most: string): Quantity {
  return quantity(fallback, least, most, MS_PER, "s", "a duration");
}

/** The longest duration in whole days that setTimeout takes: it fires at once beyond 2 ** 31 - 1 ms. */
export const LONGEST_TIMER = "24 d";

/** `32 MiB`, `64 KiB`; a bare number is bytes. Becomes bytes, from `least` to `most`. */
export function size(fallback: string, least: string, most: string): Quantity {
  return quantity(fallback, least, most, BYTES_PER, "b", "a size");
}

function quantity(
  fallback: string,
  least: string,
  most: string,
  units: Readonly<Record<string, number>>,
  bare: string,
  kind: string,
): Quantity {
  const [min, max] = [toAmount(least), toAmount(most)];
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const amount = toAmount(text);
      if (!(amount >= min && amount <= max)) {
        context.addIssue({
          code: "custom",
          message: `${JSON.stringify(text)} is not ${kind} from ${least} to ${most}`,
        });
        return z.NEVER;
      }
      return amount;
    })
    .meta({ range: `${least} to ${most}` });

  /** NaN if it is malformed. */
  function toAmount(text: string): number {
    const [, amount, unit = ""] = /^(\d{1,12})\s{0,2}([a-z]{0,3})$/i.exec(text.trim()) ?? [];
    return Number(amount) * (units[unit.toLowerCase() || bare] ?? Number.NaN);
  }
}
