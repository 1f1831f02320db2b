import { load } from "./load.ts";
import { startGateway, startServer } from "./processes.ts";

const CONNECTIONS = 32;
const WARM_UP = 3;
const SECONDS = 3;
const ROUNDS = 3;

const body = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "SendMessage",
  params: { message: { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "hello" }] } },
});
const headers = { "A2A-Version": "1.0" };

/** Blocking requests a second of the same echo agent, by rounds that take turns so that the machine's moods are shared. */
export async function benchBlockingRate(): Promise<void> {
  console.log(`\nBlocking SendMessage, echo agent, in memory, ${CONNECTIONS} connections`);
  const gateway = await startGateway({ TASK_STORE: "memory", LOG_LEVEL: "info" });
  const sdk = await startServer("bench/sdk-server.ts");
  const bare = await startServer("bench/bare-server.ts");
  const servers = [
    { name: "@a2a-js/sdk Express server", url: sdk.url },
    { name: "this gateway, defineAgent", url: `${gateway.url}/agents/echo` },
    { name: "this gateway, fromExecutor", url: `${gateway.url}/agents/executor` },
    { name: "bare node:http", url: bare.url },
  ].map((server) => ({ ...server, rates: [] as number[], p50: [] as number[] }));
  try {
    for (const { url } of servers) {
      await load(url, headers, body, CONNECTIONS, WARM_UP);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const server of servers) {
        const { requestsPerSecond, p50 } = await load(server.url, headers, body, CONNECTIONS, SECONDS);
        server.rates.push(requestsPerSecond);
        server.p50.push(p50);
      }
    }
  } finally {
    await Promise.all([gateway.stop(), sdk.stop(), bare.stop()]);
  }
  const [base = Number.NaN] = servers.map(({ rates }) => median(rates));
  for (const { name, rates, p50 } of servers) {
    const rate = median(rates);
    console.log(
      `  ${name.padEnd(28)} ${Math.round(rate).toString().padStart(7)} requests/s  p50 ${median(p50).toFixed(2)} ms  ${(rate / base).toFixed(2)} times the SDK's server`,
    );
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}
