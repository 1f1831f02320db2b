import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mutations } from "./mutations.ts";
import { simulateSeed } from "./simulate-seed.ts";

const SEEDS = 110;
/** Enough that every mutation shows; the first seed that shows it ends its search. */
const MUTATION_SEEDS = 40;

describe("the simulated engine", () => {
  it.each(Array.from({ length: 10 }, (_, tenth) => tenth))(
    `keeps every invariant in tenth %i of ${SEEDS} seeds`,
    async (tenth) => {
      for (let at = 0; at < SEEDS / 10; at += 1) {
        const { seed, violations } = await simulateSeed(tenth * (SEEDS / 10) + at + 1);
        expect(violations, `npm run simulate -- --seed ${seed}`).toEqual([]);
      }
    },
  );

  it("runs the same way twice from one seed", async () => {
    const [one, other] = [await simulateSeed(17), await simulateSeed(17)];
    expect(one.log.length).toBeGreaterThan(0);
    expect(other).toEqual(one);
  });
});

describe("the checker", () => {
  it("breaks what docs/simulation.md says", () => {
    const doc = readFileSync(new URL("../../docs/simulation.md", import.meta.url), "utf8");
    const [, table = ""] = doc.split("## Mutations");
    const rows = [...table.matchAll(/^\| `([\w-]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(([, ...cells]) => cells);
    expect(rows).toEqual(Object.entries(mutations).map(([name, { what, breaks }]) => [name, what, breaks.join(", ")]));
  });

  it.each(Object.entries(mutations))("sees %s", async (_, mutation) => {
    for (let seed = 1; seed <= MUTATION_SEEDS; seed += 1) {
      const { violations } = await simulateSeed(seed, { mutation });
      if (violations.some(({ invariant }) => mutation.breaks.includes(invariant))) {
        return;
      }
    }
    expect.fail(`${MUTATION_SEEDS} seeds ran without a violation of ${mutation.breaks.join(" or ")}`);
  });
});
