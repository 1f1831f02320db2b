import { defineAgent, defineGateway, fromExecutor } from "a2a-azure-gateway";
import { echoExecutor } from "./echo-executor.ts";

const card = {
  name: "Echo",
  description: "Answers with what it was sent.",
  skills: [{ id: "echo", name: "Echo", description: "Answers with what it was sent.", tags: ["bench"] }],
};

export default defineGateway({
  agents: [
    defineAgent({
      id: "echo",
      version: "1.0.0",
      card,
      rerun: "safe",
      async run(turn) {
        await turn.artifact("echo", { name: "echo" }).close(turn.message.parts);
        await turn.complete();
      },
    }),
    fromExecutor(echoExecutor, { id: "executor", version: "1.0.0", card, rerun: "safe" }),
    defineAgent({
      id: "steady",
      version: "1.0.0",
      card,
      async run(turn) {
        await new Promise((resolve) => {
          setTimeout(resolve, 20);
        });
        await turn.complete();
      },
    }),
    defineAgent({
      id: "ticker",
      version: "1.0.0",
      card,
      async run(turn) {
        for (let tick = 0; tick < 200; tick += 1) {
          await turn.working("tick");
          await new Promise((resolve) => {
            setTimeout(resolve, 150 + Math.random() * 100);
          });
        }
        await turn.complete();
      },
    }),
    defineAgent({ id: "ask", version: "1.0.0", card, rerun: "safe", run: (turn) => turn.ask("What else?") }),
  ],
});
