import { parseConfigRow, toConfigKey } from "../../src/push/config-row.ts";
import type { TaskLog } from "../../src/ports/task-log.ts";
import { parseHead } from "../../src/tasks/log/head.ts";
import type { Violation } from "./checker.ts";
import type { Transcript } from "./transcript.ts";
import type { Webhooks } from "./sim-webhooks.ts";

/**
 * I7: a webhook's first deliveries are in order and none is missing, unless its config was disabled or deleted; repeats
 * are allowed. I17: no POST begins after a deletion was acknowledged. The world has come to rest.
 */
export async function checkWebhooks(
  log: TaskLog,
  { scope, webhooks }: Transcript,
  receivers: Pick<Webhooks, "heardBy" | "attemptsTo">,
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { url, id, taskId, fromBeginning, isDeletionAsked, deleted } of webhooks) {
    const late = receivers.attemptsTo(url).find((began) => deleted !== undefined && began > deleted);
    if (late !== undefined) {
      violations.push({ invariant: "I17", detail: `${url} was called at ${late}, deleted at ${deleted}` });
    }
    const firsts = [...new Set(receivers.heardBy(url).map(({ generation }) => generation))];
    const start = fromBeginning ? 1 : (firsts[0] ?? 1);
    firsts.forEach((generation, at) => {
      if (generation !== start + at) {
        violations.push({ invariant: "I7", detail: `${url} of ${taskId} received ${firsts.join(" ")}` });
      }
    });
    const key = { scope, taskId };
    const row = await log.readRow(key, toConfigKey(id));
    const head = await log.readHead(key);
    const isActive = row !== undefined && parseConfigRow(row).state === "active";
    if (!isDeletionAsked && isActive && head) {
      const { generation } = parseHead(head.body);
      const last = firsts.at(-1) ?? (fromBeginning ? 0 : parseConfigRow(row).cursor);
      if (last !== generation) {
        violations.push({
          invariant: "I7",
          detail: `${url} of ${taskId} received events up to ${last} of ${generation}`,
        });
      }
    } else if (!isDeletionAsked && !row) {
      violations.push({ invariant: "I7", detail: `the config of ${url} is gone, but no client deleted it` });
    }
  }
  return violations;
}
