import type { WebhookOutcome } from "../ports/webhook-sender.ts";
import type { PushConfig } from "./config-row.ts";
import { takeableAt } from "../tasks/log/lease.ts";

/** A webhook is disabled after this many failed attempts in a row, which takes about 20 minutes. */
const MAX_FAILURES = 10;
/** Pause between two attempts, in ms: doubled from the first to the longest. */
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 300_000;
const ATTEMPTS_KEPT = 10;

/** The rules of delivery. They are pure and passed as an argument, so that the simulation can break one of them. */
export const deliveryRules = { canDeliver, canDelete, lease, afterPost, release };

export type DeliveryRules = typeof deliveryRules;

/** Whether a job may deliver for a config now. */
function canDeliver({ state, nextAt, lease: held }: PushConfig, now: number): boolean {
  return state === "active" && nextAt <= now && (held === undefined || held.until <= now);
}

/** Whether no delivery is running, with clocks that differ by up to a sixth of a lease (`leaseTime` in ms). */
function canDelete({ lease: held }: PushConfig, now: number, leaseTime: number): boolean {
  return held === undefined || takeableAt(held, leaseTime) <= now;
}

function lease(config: PushConfig, holder: string, until: number): PushConfig {
  return { ...config, lease: { holder, until } };
}

function release(config: PushConfig): PushConfig {
  return { ...config, lease: undefined };
}

/** The config after an attempt. The cursor moves only after a 2xx. `jitter` is 0 to 1. */
function afterPost(
  config: PushConfig,
  generation: number,
  outcome: WebhookOutcome,
  now: number,
  jitter: number,
): PushConfig {
  if (outcome.code === "answered" && outcome.status >= 200 && outcome.status < 300) {
    return { ...config, cursor: generation, failures: 0, nextAt: 0 };
  }
  const failures = config.failures + 1;
  const pause = Math.min(FIRST_PAUSE * 2 ** config.failures, LONGEST_PAUSE) * (0.75 + jitter / 2);
  const attempt = { time: now, generation, outcome: toText(outcome) };
  return {
    ...release(config),
    failures,
    nextAt: now + Math.round(pause),
    state: isFinal(outcome) || failures >= MAX_FAILURES ? "disabled" : "active",
    log: [...config.log, attempt].slice(-ATTEMPTS_KEPT),
  };
}

/** Moved permanently (301, 308) and gone (410): another attempt would fail in the same way (RFC 9110, 15.4 and 15.5.11). */
const FINAL_STATUSES = new Set([301, 308, 410]);

function isFinal(outcome: WebhookOutcome): boolean {
  return outcome.code === "refused" || (outcome.code === "answered" && FINAL_STATUSES.has(outcome.status));
}

function toText(outcome: WebhookOutcome): string {
  if (outcome.code !== "answered") {
    return `${outcome.code}: ${outcome.reason}`;
  }
  const isRedirect = outcome.status >= 300 && outcome.status < 400;
  return isRedirect ? `status ${outcome.status}: redirects are not followed` : `status ${outcome.status}`;
}
