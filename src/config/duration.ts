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

/** `15 min`, `24h`, `7 d`, `500 ms`; a bare number is seconds. Becomes milliseconds. */
export function duration(fallback: string): z.ZodType<number, string | undefined> {
  return quantity(fallback, MS_PER, "s", "a duration such as 30 s, 15 min, 24 h or 7 d");
}

/** `32 MiB`, `64 KiB`; a bare number is bytes. Becomes bytes. */
export function size(fallback: string): z.ZodType<number, string | undefined> {
  return quantity(fallback, BYTES_PER, "b", "a size such as 64 KiB or 32 MiB");
}

function quantity(
  fallback: string,
  units: Readonly<Record<string, number>>,
  bare: string,
  expected: string,
): z.ZodType<number, string | undefined> {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const [, amount = "", unit = ""] = /^(\d{1,12})\s{0,2}([a-z]{0,3})$/i.exec(text.trim()) ?? [];
      const factor = units[unit.toLowerCase() || bare];
      if (amount === "" || factor === undefined) {
        context.addIssue({ code: "custom", message: `${JSON.stringify(text)} is not ${expected}` });
        return z.NEVER;
      }
      return Number(amount) * factor;
    });
}
