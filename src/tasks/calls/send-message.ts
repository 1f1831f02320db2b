import type { Message, SendMessageRequest } from "@a2a-js/sdk";
import type { TaskKey } from "../../ports/task-log.ts";
import type { EngineParts } from "../engine-parts.ts";
import { endsTurn } from "../log/task-state.ts";
import type { Call, SendAnswer, TaskAnswer, TaskEngine, TaskEvents } from "../task-engine.ts";
import { invalid, TaskError } from "../task-fault.ts";
import type { HeldTurn, HeldTurns } from "../turn/held-turns.ts";
import type { OfferTurn } from "../turn/offer-turn.ts";
import type { Tails } from "../watch/tails.ts";
import { createMessageEvents, createTaskEvents, untilTurnEnds } from "../watch/task-events.ts";
import { createTaskCreator } from "./create-task.ts";
import { findTask, keyOf, toAnswer } from "./find-task.ts";
import { createFollowUp } from "./follow-up.ts";
import { toKeyedTaskId } from "./idempotency.ts";
import { runMessageAgent } from "./message-agent.ts";
import type { StartTurn } from "./started-turn.ts";

/** SendMessage and SendStreamingMessage (specification 3.1.1 and 3.1.2). */
export function createSendMessage(
  parts: EngineParts,
  turns: HeldTurns,
  tails: Tails,
  offer: OfferTurn,
): Pick<TaskEngine, "send" | "stream"> {
  const createTask = createTaskCreator(parts, turns, offer);
  const followUp = createFollowUp(parts, turns, tails, offer);
  /** Creates a task, or begins the next turn of one that waits. */
  const startTurn: StartTurn = async (call, key, message, mode, config) => {
    const started = await (message.taskId === "" ? createTask : followUp)(call, key, message, mode, config);
    if (started.turn) {
      // The turn goes on when its caller disconnects.
      call.waitUntil?.(started.turn.done);
    }
    return started;
  };

  return { send, stream };

  async function send(call: Call, request: SendMessageRequest): Promise<SendAnswer> {
    turns.refuseAtShutdown();
    const message = messageOf(request);
    if (call.agent.replies === "message") {
      return { message: await runMessageAgent(parts, turns, call, message) };
    }
    const key = keyFor(call, message);
    const { historyLength: limit, taskPushNotificationConfig: config } = request.configuration ?? {};
    if (request.configuration?.returnImmediately) {
      const { turn, snapshot } = await startTurn(call, key, message, "immediate", config);
      return toAnswer(
        snapshot ?? (await findTask(parts, call, key.taskId)),
        limit ?? turn?.writer.task?.history.length,
      );
    }
    const { turn, snapshot } = await startTurn(call, key, message, "blocking", config);
    if (snapshot && !turn && endsTurn(snapshot.task.status?.state ?? 0)) {
      return toAnswer(snapshot, limit);
    }
    const ended = turn && (await endOf(turn));
    if (ended && "message" in ended) {
      return ended;
    }
    return toAnswer(ended ?? (await awaitEndElsewhere(call, key, snapshot?.generation ?? generationOf(turn))), limit);
  }

  async function stream(call: Call, request: SendMessageRequest): Promise<TaskEvents> {
    turns.refuseAtShutdown();
    const message = messageOf(request);
    if (call.agent.replies === "message") {
      return createMessageEvents(runMessageAgent(parts, turns, call, message));
    }
    const key = keyFor(call, message);
    const config = request.configuration?.taskPushNotificationConfig;
    // Watch before the turn begins, so that no event is missed between the first one and the live ones.
    const watcher = tails.watch(key);
    try {
      const { snapshot, turn } = await startTurn(call, key, message, "stream", config);
      if (turn?.reply) {
        void watcher.return();
        return createMessageEvents(Promise.resolve(turn.reply));
      }
      const first = snapshot ?? turn?.first;
      if (!first) {
        throw notCreated(turn);
      }
      const { generation, task } = first;
      watcher.startAfter(generation);
      const response = { payload: { $case: "task" as const, value: task } };
      return createTaskEvents(watcher, { generation, response }, generation);
    } catch (error) {
      void watcher.return();
      throw error;
    }
  }

  /**
   * The task after a turn that ran here; undefined when the turn continues on another instance.
   * @throws TaskError `unavailable`
   */
  async function endOf(turn: HeldTurn): Promise<SendAnswer | undefined> {
    const isFound = await turn.ended;
    if (turn.reply) {
      return { message: turn.reply };
    }
    const { task, taskJson: json, head } = turn.writer;
    if (!task || (!isFound && !turn.lost)) {
      throw notCreated(turn);
    }
    return head && endsTurn(head.state) ? { task, json } : undefined;
  }

  async function awaitEndElsewhere(call: Call, key: TaskKey, after: number): Promise<TaskAnswer> {
    await untilTurnEnds(tails, key, after, call.signal);
    const found = await findTask(parts, call, key.taskId);
    if (!endsTurn(found.task.status?.state ?? 0)) {
      const message = `This instance is shutting down. Task ${key.taskId} continues on another instance. Call GetTask or SubscribeToTask.`;
      throw new TaskError({ code: "unavailable", message, retryAfter: 1 });
    }
    return found;
  }

  /** The key is known before anything is stored, so that a stream can join the task's tail first. */
  function keyFor(call: Call, message: Message): TaskKey {
    if (message.taskId !== "") {
      return keyOf(call, message.taskId);
    }
    const { caller, agent, idempotencyKey } = call;
    return keyOf(
      call,
      idempotencyKey === undefined ? parts.random.id() : toKeyedTaskId(caller.scope, agent.id, idempotencyKey),
    );
  }
}

function messageOf(request: SendMessageRequest): Message {
  if (!request.message) {
    throw invalid("message", "is required");
  }
  return request.message;
}

function generationOf(turn: HeldTurn | undefined): number {
  return turn?.writer.head?.generation ?? 1;
}

/** The error of a task that could not be created. For every store failure the caller has to do the same: send again. */
function notCreated(turn: HeldTurn | undefined): TaskError {
  if (turn?.lost instanceof TaskError) {
    return turn.lost;
  }
  const message = "The task could not be stored. Send the message again.";
  return new TaskError({ code: "unavailable", message, retryAfter: 2 }, { cause: turn?.lost });
}
