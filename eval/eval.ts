import { evaluateAnomaly } from "./anomaly.ts";

/** `npm run eval -- anomaly PATH` evaluates an agent on labelled data. The last line is the total. */
const evaluations: Record<string, (path: string) => Promise<string[]>> = { anomaly: evaluateAnomaly };

const [agent = "", path] = process.argv.slice(2);
const evaluate = evaluations[agent];
if (evaluate === undefined || path === undefined) {
  console.error(`Usage: npm run eval -- ${Object.keys(evaluations).join("|")} PATH`);
  process.exitCode = 2;
} else {
  try {
    for (const line of await evaluate(path)) console.log(line);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
