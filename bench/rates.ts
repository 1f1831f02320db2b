import { call, getTask, listTasks, makeTasks, sendMessage, toPage } from "./requests.ts";
import { measureRounds, toGeneratorNote, toRateRows, withContenders } from "./rounds.ts";
import type { Contender } from "./rounds.ts";
import { median } from "./table.ts";
import type { Part, Row } from "./table.ts";

const CONNECTIONS = 32;
const TIMES = { rounds: 5, seconds: 2, warmUp: 1.5 } as const;

export function benchBlocking(): Promise<Part> {
  const part = "blocking send";
  const names = ["SDK's Express server", "gateway, fromExecutor", "gateway, defineAgent", "bare node:http"] as const;
  return withContenders(names, async (servers) => {
    const toLoad = ({ url }: Contender) => ({
      connections: CONNECTIONS,
      request: sendMessage(url, "SendMessage"),
      expected: COMPLETED,
    });
    const results = await measureRounds(servers, toLoad, TIMES);
    return { rows: toRateRows(part, "requests/s", results, 3), notes: toGeneratorNote(part, results) };
  });
}

/** Whole streams of three events, by many clients at once and by one alone. */
export function benchStreams(): Promise<Part> {
  const part = "streams of 3 events";
  const names = ["SDK's Express server", "gateway, fromExecutor", "gateway, defineAgent"] as const;
  return withContenders(names, async (servers) => {
    await Promise.all(servers.map(refuseOtherThanThreeEvents));
    const toLoad =
      (connections: number) =>
      ({ url }: Contender) => ({
        connections,
        request: sendMessage(url, "SendStreamingMessage"),
        expected: COMPLETED,
      });
    const many = await measureRounds(servers, toLoad(CONNECTIONS), TIMES);
    const alone = await measureRounds(servers, toLoad(1), { rounds: 5, seconds: 1, warmUp: 1 });
    const base = median(alone[0]?.p50 ?? []);
    const rowsAlone = alone.map(({ server, p50, p99, cpu }, index): Row => {
      const ratio = median(p50) / base;
      return {
        part: "one stream alone, p50",
        server,
        unit: "ms",
        values: p50,
        p99: median(p99),
        cpu: median(cpu),
        ratio,
        ...(index === 1 && { aim: { text: "no slower", isMet: ratio <= 1 } }),
      };
    });
    return {
      rows: [...toRateRows(part, "streams/s", many, 1.5), ...rowsAlone],
      notes: toGeneratorNote(part, many),
    };
  });
}

export function benchGetTask(): Promise<Part> {
  const part = "GetTask";
  return withContenders(["SDK's Express server", "gateway, fromExecutor"], async (servers) => {
    const ids = new Map<Contender, string[]>();
    for (const server of servers) {
      await makeTasks(server.url, 1_000);
      const page = await listPage(server, 100);
      ids.set(
        server,
        page.tasks.map(({ id }) => id),
      );
    }
    const toLoad = (server: Contender) => ({
      connections: CONNECTIONS,
      request: getTask(server.url, ids.get(server) ?? []),
      expected: COMPLETED,
    });
    const results = await measureRounds(servers, toLoad, TIMES);
    return { rows: toRateRows(part, "requests/s", results, 2), notes: toGeneratorNote(part, results) };
  });
}

const TASKS = 10_000;
const PAGE = 50;

export function benchListPage(): Promise<Part> {
  const part = `page of ${PAGE} of ${TASKS.toLocaleString("en")} tasks`;
  return withContenders(["SDK's Express server", "gateway, fromExecutor"], async (servers) => {
    const notes: string[] = [];
    for (const server of servers) {
      await makeTasks(server.url, TASKS);
      const page = await listPage(server, PAGE);
      if (page.tasks.length !== PAGE || page.totalSize !== TASKS) {
        notes.push(`${part}: ${server.name} shows ${page.tasks.length} tasks of ${page.totalSize}.`);
      }
    }
    const [one, other] = await Promise.all(servers.map((server) => listPage(server, PAGE)));
    if (JSON.stringify(one?.tasks).length !== JSON.stringify(other?.tasks).length) {
      notes.push(`${part}: the servers' pages are not alike.`);
    }
    const toLoad = ({ url }: Contender) => ({
      connections: CONNECTIONS,
      request: listTasks(url, PAGE),
      expected: COMPLETED,
    });
    const results = await measureRounds(servers, toLoad, TIMES);
    return {
      rows: toRateRows(part, "requests/s", results, 3),
      notes: [...notes, ...toGeneratorNote(part, results)],
    };
  });
}

const COMPLETED = '"TASK_STATE_COMPLETED"';

interface Page {
  readonly tasks: readonly { readonly id: string }[];
  readonly totalSize: number;
}

async function listPage({ url }: Contender, pageSize: number): Promise<Page> {
  return (await call(url, "ListTasks", toPage(pageSize))) as unknown as Page;
}

/** Checks that both servers send the same events: Task, artifact, COMPLETED. */
async function refuseOtherThanThreeEvents({ url, name }: Contender): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "A2A-Version": "1.0" },
    body: sendMessage(url, "SendStreamingMessage")(1).split("\r\n\r\n")[1] ?? "",
    signal: AbortSignal.timeout(10_000),
  });
  const events = (await response.text()).split("\n").filter((line) => line.startsWith("data:"));
  const kinds = events.map((line) => Object.keys(JSON.parse(line.slice(5)).result).join());
  if (kinds.join() !== "task,artifactUpdate,statusUpdate") {
    throw new Error(`a stream of ${name} has other events than the others': ${kinds.join()}`);
  }
}
