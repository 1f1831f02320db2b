import { load } from "./load.ts";
import type { Load } from "./load.ts";
import { startGateway, startServer } from "./processes.ts";
import type { Started } from "./processes.ts";
import { median } from "./table.ts";
import type { Row } from "./table.ts";

/** A server to measure. Each runs in its own process, so that the tasks of one row do not affect another. */
export interface Contender extends Started {
  readonly name: string;
}

/** The SDK's server comes first; the others are compared with it. */
export async function withContenders<T>(
  wanted: readonly (keyof typeof contenders)[],
  use: (started: readonly Contender[]) => Promise<T>,
): Promise<T> {
  const started: Contender[] = [];
  try {
    for (const name of wanted) {
      started.push({ name, ...(await contenders[name]()) });
    }
    return await use(started);
  } finally {
    await Promise.all(started.map((server) => server.stop()));
  }
}

const contenders = {
  "SDK's Express server": () => startServer("bench/sdk-server.ts"),
  "gateway, fromExecutor": () => startAgent("executor"),
  "gateway, defineAgent": () => startAgent("echo"),
  "bare node:http": () => startServer("bench/bare-server.ts"),
} as const;

async function startAgent(id: string): Promise<Started> {
  const gateway = await startGateway({ TASK_STORE: "memory", LOG_LEVEL: "info" });
  return { ...gateway, url: `${gateway.url}/agents/${id}` };
}

export interface Rounds {
  readonly rounds: number;
  /** One value per round. */
  readonly seconds: number;
  readonly warmUp: number;
}

/** The results of a server, one number per round. */
export interface Result {
  readonly server: string;
  readonly rates: number[];
  readonly p50: number[];
  readonly p99: number[];
  /** CPU time per request, in microseconds. */
  readonly cpu: number[];
  /** The generator's share of a core. */
  readonly generator: number[];
}

/**
 * Servers alternate, in the opposite order each round, so that variations of the machine's speed affect all of them.
 */
export async function measureRounds(
  servers: readonly Contender[],
  toLoad: (server: Contender) => Omit<Load, "until" | "url">,
  { rounds, seconds, warmUp }: Rounds,
): Promise<Result[]> {
  const measured = servers.map((server) => ({
    server,
    load: { ...toLoad(server), url: server.url },
    result: { server: server.name, rates: [], p50: [], p99: [], cpu: [], generator: [] } as Result,
  }));
  for (const one of measured) {
    await load({ ...one.load, until: { seconds: warmUp } });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? measured : measured.toReversed()) {
      const before = await one.server.used("cpu");
      const { perSecond, p50, p99, answers, generator } = await load({ ...one.load, until: { seconds } });
      const after = await one.server.used("cpu");
      one.result.rates.push(perSecond);
      one.result.p50.push(p50);
      one.result.p99.push(p99);
      one.result.cpu.push((after - before) / answers);
      one.result.generator.push(generator);
    }
  }
  return measured.map(({ result }) => result);
}

/**
 * Rows of rates relative to the first server. The aim applies to the second, which has the same executor as the first.
 */
export function toRateRows(part: string, unit: Row["unit"], results: readonly Result[], aim: number): Row[] {
  return results.map(({ server, rates, p50, p99, cpu }, index) => {
    const ratio = median(rates) / median(results[0]?.rates ?? []);
    return {
      part,
      server,
      unit,
      values: rates,
      p50: median(p50),
      p99: median(p99),
      cpu: median(cpu),
      ratio,
      ...(index === 1 && { aim: { text: `at least ${aim} times`, isMet: ratio >= aim } }),
    };
  });
}

/** Marks a rate that was limited by the generator and not by the server. */
export function toGeneratorNote(part: string, results: readonly Result[]): string[] {
  const busiest = Math.max(...results.flatMap(({ generator }) => generator));
  return busiest > 0.85
    ? [`${part}: the generator computed ${Math.round(busiest * 100)} % of a round; the fastest rates may be its own.`]
    : [];
}
