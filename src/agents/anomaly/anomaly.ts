import type { Agent, Content, Json, Turn } from "../../ports/agent.ts";
import { defineAgent } from "../define-agent.ts";
import type { Analysis } from "./analyze.ts";
import { analyzeTurn } from "./analyze-turn.ts";
import { METHOD } from "./method.ts";
import { INPUT_MODES, readInput } from "./read-input.ts";
import { InputError } from "./series.ts";

/** Finds anomalies in a time series that comes as CSV or JSON rows. */
export const anomaly: Agent = createAnomaly();

export interface AnomalyOptions {
  /** Hosts (with a port, where it is not 443) whose https URLs may be fetched; none by default. */
  readonly allowedHosts?: readonly string[];
}

export function createAnomaly({ allowedHosts = [] }: AnomalyOptions = {}): Agent {
  return defineAgent({
    id: "anomaly",
    version: "1.0.0",
    rerun: "safe",
    card: {
      name: "Anomaly detection",
      description:
        "Finds anomalies in a time series: spikes, drops, level shifts, missing days. Accounts for daily and weekly " +
        "seasons, gaps and irregular steps into account, and says for each anomaly what was expected and why it stands out.",
      defaultInputModes: [...INPUT_MODES],
      defaultOutputModes: ["application/json", "image/svg+xml", "text/plain"],
      skills: [
        {
          id: "detect-anomalies",
          name: "Detect anomalies",
          description:
            "Send one series of at least 32 readings: a CSV file, CSV as text, or JSON rows (numbers, [time, value] arrays " +
            "or objects) in a data part, with {rows, options: {timeColumn, valueColumn}} where the columns are not plain. " +
            "Returns the artifacts anomalies (data), plot (SVG) and summary (text).",
          tags: ["anomaly", "time series", "outlier", "statistics", "csv"],
          examples: ["Find the anomalies in the attached measurements."],
        },
      ],
    },
    run: (turn) => run(turn, allowedHosts),
  });
}

async function run(turn: Turn, allowedHosts: readonly string[]): Promise<void> {
  let analysis: Analysis;
  try {
    const input = await readInput(turn.message, allowedHosts, turn.signal);
    if (input === undefined) return await turn.ask(NO_DATA);
    analysis = await analyzeTurn(turn, input);
  } catch (error) {
    if (error instanceof InputError) return turn.reject(error.message);
    throw error;
  }
  const { anomalies, plot, summary, readings } = analysis;
  const chunks = inChunks(anomalies as unknown as Json[], ANOMALIES_A_CHUNK).map((chunk) => [
    { data: { anomalies: chunk } },
  ]);
  await stream(turn, "anomalies", { name: "Anomalies", metadata: { method: METHOD, readings } }, chunks);
  const file = { raw: new TextEncoder().encode(plot), mediaType: "image/svg+xml", filename: "plot.svg" };
  await stream(turn, "plot", { name: "Plot" }, [[file]]);
  const paragraphs = summary.map((text, i) => [{ text: i === 0 ? text : `\n\n${text}`, mediaType: "text/plain" }]);
  await stream(turn, "summary", { name: "Summary" }, paragraphs);
  // Clients show artifacts and the last message: the summary is in one of them only.
  await turn.complete(DONE);
}

const NO_DATA =
  "Which series should be analyzed? Send a CSV file with a column of times and a column of values, " +
  'the same as text, or JSON rows such as [{"timestamp": "2014-07-01 00:00:00", "value": 1}] in a data part.';
const DONE = "The analysis is complete. Its result is in the artifacts anomalies, plot and summary.";
const ANOMALIES_A_CHUNK = 50;

async function stream(
  turn: Turn,
  id: string,
  init: Parameters<Turn["artifact"]>[1],
  chunks: Exclude<Content, string>[],
) {
  const artifact = turn.artifact(id, init);
  for (const chunk of chunks.slice(0, -1)) await artifact.append(chunk);
  await artifact.close(chunks.at(-1) ?? []);
}

/** At least one chunk, so that "nothing found" is said too. */
function inChunks<T>(items: readonly T[], size: number): T[][] {
  const count = Math.max(1, Math.ceil(items.length / size));
  return Array.from({ length: count }, (_, k) => items.slice(k * size, (k + 1) * size));
}
