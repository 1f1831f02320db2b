import { expect, test } from "vitest";
import { runChaos } from "./run-chaos.ts";

/** `npm run chaos` for a few seconds instead of ten minutes. */
const OPTIONS = { seed: Math.floor(Math.random() * 1e6), seconds: 18, hosts: 3, clients: 10 };

test(
  "hosts of two versions that are killed, cut off from one endpoint and poisoned lose nothing that a client received",
  { timeout: 300_000 },
  async () => {
    const { figures, violations } = await runChaos(OPTIONS);
    console.log(figures);

    expect(violations, `npm run chaos -- --seed ${OPTIONS.seed} --minutes 1 --hosts 3 --clients 10`).toEqual([]);
    expect(Number(figures["kills"]) + Number(figures["stops"]) + Number(figures["terms"])).toBeGreaterThan(2);
    expect(figures["tasks"]).toBeGreaterThan(20);
    expect(figures["takeovers"]).toBeGreaterThan(0);
    expect(figures["hosts of 0.1.0"]).toBeGreaterThan(0);
    expect(figures["outages"]).toBeGreaterThan(0);
    expect(figures["stalled readers"]).toBeGreaterThan(0);
  },
);
