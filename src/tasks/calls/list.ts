import { Task, TaskState, taskStateToJSON } from "@a2a-js/sdk";
import type { ListTasksRequest } from "@a2a-js/sdk";
import type { DoneFilter, DoneRow, ListCursor } from "../../ports/task-index.ts";
import type { EngineParts } from "../engine-parts.ts";
import type { Head } from "../log/head.ts";
import { withHistory, readTask } from "../log/read-task.ts";
import { parsePageToken, toPageToken } from "./page-token.ts";
import type { PageToken } from "./page-token.ts";
import { readPatience } from "../log/lease.ts";
import { retry } from "../retry.ts";
import type { Call, TaskAnswer, TaskList } from "../task-engine.ts";
import { invalid } from "../task-fault.ts";
import { readStoredHead } from "../log/transact.ts";

const DEFAULT_PAGE_SIZE = 50;

/** A task found in the index. It may not be on the page. */
interface Listed extends ListCursor {
  readonly projection?: string;
}

/**
 * One page of the caller's tasks with this agent, newest status first (specification 3.1.4). Pages follow a key range:
 * a task whose status changes between two pages moves ahead of the cursor, so no task is on two of them (I9).
 */
export async function listTasks(parts: EngineParts, call: Call, request: ListTasksRequest): Promise<TaskList> {
  const { scope } = call.caller;
  const agent = call.agent.id;
  const filter = toFilter(request);
  const bound = JSON.stringify([scope, agent, filter]);
  const pageSize = request.pageSize ?? DEFAULT_PAGE_SIZE;
  const token = request.pageToken === "" ? undefined : await readPageToken(parts, request.pageToken, bound);
  if (request.pageToken !== "" && !token) {
    throw invalid("pageToken", "is not valid for this list with these filters; omit it to start from the first page");
  }
  const deadline = parts.clock.monotonic() + readPatience(parts.settings.lease);
  // Open rows first: a task gets its done row before its open row is deleted, so the other order could miss it in both.
  const open = await retry(parts, deadline, () => listOpenTasks(parts, scope, agent, filter));
  const done = await retry(parts, deadline, () =>
    parts.index.listDone(scope, agent, filter, token?.after, pageSize + 1),
  );
  const total = token?.total ?? (await countAll(parts, scope, agent, filter, open, deadline));
  const candidates = merge(
    open.filter((listed) => isAfter(listed, token?.after)),
    done,
  );
  const page = candidates.slice(0, pageSize);
  const last = page.at(-1);
  const shown = await Promise.all(
    page.map((listed) => retry(parts, deadline, () => show(parts, scope, listed, request))),
  );
  return {
    tasks: shown.flat(),
    nextPageToken:
      last && candidates.length > pageSize ? toPageToken(parts.stateKeys, { after: last, total }, bound) : "",
    pageSize,
    totalSize: total,
  };
}

function toFilter(request: ListTasksRequest): DoneFilter {
  const since = request.statusTimestampAfter === undefined ? undefined : Date.parse(request.statusTimestampAfter);
  if (since !== undefined && Number.isNaN(since)) {
    throw invalid("statusTimestampAfter", "is not a timestamp such as 2026-01-31T09:30:00Z");
  }
  return {
    ...(request.contextId !== "" && { contextId: request.contextId }),
    ...(request.status !== TaskState.TASK_STATE_UNSPECIFIED && { state: taskStateToJSON(request.status) }),
    ...(since !== undefined && { since }),
  };
}

/** An open row says only that a task may exist. Its head has the current state. */
async function listOpenTasks(parts: EngineParts, scope: string, agent: string, filter: DoneFilter): Promise<Listed[]> {
  const rows = await parts.index.listOpen(scope, agent);
  const ids = [...new Set(rows.map(({ taskId }) => taskId))];
  const listed = await Promise.all(
    ids.map(async (taskId) => {
      const version = await readStoredHead(parts, { scope, taskId });
      return version && !version.head.purging && matches(version.head, filter)
        ? [{ taskId, statusTime: version.head.statusTime }]
        : [];
    }),
  );
  return listed.flat();
}

function matches(head: Head, { contextId, state, since }: DoneFilter): boolean {
  return (
    (contextId === undefined || head.contextId === contextId) &&
    (state === undefined || taskStateToJSON(head.state) === state) &&
    (since === undefined || head.statusTime >= since)
  );
}

async function countAll(
  parts: EngineParts,
  scope: string,
  agent: string,
  filter: DoneFilter,
  open: readonly Listed[],
  deadline: number,
): Promise<number> {
  // A task that just ended can be in both lists.
  const ids = new Set(open.map(({ taskId }) => taskId));
  return open.length + (await retry(parts, deadline, () => parts.index.countDone(scope, agent, filter, ids)));
}

/** A task that just ended can be in both lists. Its done row is the newer one. */
function merge(open: readonly Listed[], done: readonly DoneRow[]): Listed[] {
  const ended = new Set(done.map(({ taskId }) => taskId));
  return [...open.filter(({ taskId }) => !ended.has(taskId)), ...done].toSorted(newestFirst);
}

function newestFirst(one: ListCursor, other: ListCursor): number {
  return other.statusTime - one.statusTime || (one.taskId < other.taskId ? -1 : 1);
}

function isAfter(listed: ListCursor, cursor: ListCursor | undefined): boolean {
  return cursor === undefined || newestFirst(cursor, listed) < 0;
}

/** Empty when the task was deleted after it was listed. */
async function show(
  parts: EngineParts,
  scope: string,
  listed: Listed,
  request: ListTasksRequest,
): Promise<TaskAnswer[]> {
  const wantsWhole = request.includeArtifacts === true || (request.historyLength ?? 0) > 0;
  if (listed.projection !== undefined && !wantsWhole) {
    return [new ProjectedTask(listed.projection)];
  }
  const stored = await readTask(parts, { scope, taskId: listed.taskId });
  if (!stored) {
    return [];
  }
  const task = withHistory(stored.task, request.historyLength ?? 0);
  return [{ task: request.includeArtifacts === true ? task : { ...task, artifacts: [] } }];
}

/** A row of the list that already has the answer as JSON text. */
class ProjectedTask implements TaskAnswer {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }

  get task(): Task {
    return Task.fromJSON(JSON.parse(this.json));
  }
}

/** Reads the keys again when the token does not verify: an instance with a newer key may have signed it. */
async function readPageToken({ stateKeys }: EngineParts, token: string, bound: string): Promise<PageToken | undefined> {
  const read = parsePageToken(stateKeys, token, bound);
  if (read) {
    return read;
  }
  await stateKeys.refresh();
  return parsePageToken(stateKeys, token, bound);
}
