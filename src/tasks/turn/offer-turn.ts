import type { TurnMessage } from "../../ports/work-queue.ts";
import { delay } from "../../ports/clock.ts";
import type { EngineParts } from "../engine-parts.ts";

/**
 * Finds an instance for a turn. Resolves when nothing of it is left to do here; never rejects. Until an instance has
 * taken the turn, the sweep repeats it.
 */
export type OfferTurn = (message: TurnMessage) => Promise<void>;

/** After this many ms the queue does not answer. */
const QUEUE_PATIENCE = 2_000;
/** A turn that this instance did not admit is offered to others after this many ms. */
const TO_OTHERS_AFTER = 1_000;

/**
 * The queue is a hint. An instance that lives on by itself runs the turn if it has room, and asks the others if it has not.
 * Where a process lives only while its invocations do, the queue goes first, because its trigger begins one; the turn runs
 * here if the queue does not answer.
 */
export function createOfferTurn(parts: EngineParts, work: (message: TurnMessage) => Promise<void>): OfferTurn {
  const { clock, logger, queue, settings } = parts;
  return settings.ownsProcess ? runOrSend : sendOrRun;

  async function runOrSend(message: TurnMessage): Promise<void> {
    if (!(await runs(message))) {
      await isSent(message, TO_OTHERS_AFTER);
    }
  }

  async function sendOrRun(message: TurnMessage): Promise<void> {
    if (!(await isSent(message))) {
      await runs(message);
    }
  }

  async function runs(message: TurnMessage): Promise<boolean> {
    try {
      await work(message);
      return true;
    } catch (error) {
      logger.info("work.postponed", { taskId: message.taskId, error: String(error) });
      return false;
    }
  }

  async function isSent(message: TurnMessage, after?: number): Promise<boolean> {
    const answered = new AbortController();
    try {
      const late = delay(clock, QUEUE_PATIENCE, answered.signal).then(() => {
        throw new Error(`the queue did not answer within ${QUEUE_PATIENCE} ms`);
      });
      late.catch(() => {});
      await Promise.race([queue.send(message, after), late]);
      return true;
    } catch (error) {
      logger.warn("queue.send-failed", { taskId: message.taskId, error: String(error) });
      return false;
    } finally {
      answered.abort();
    }
  }
}
