// Starts aimock (npm @copilotkit/aimock) with a few fixtures and prints its address; ends with its stdin. aimock.mjs FOLDER
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const require = createRequire(pathToFileURL(process.argv[2] + "/x.js"));
const { LLMock } = require("@copilotkit/aimock");
const mock = new LLMock({ port: 0 });
const plan = { steps: [{ kind: "search", where: { op: "text", value: "ü\"\\" } }] };
mock.onMessage("say hello", { content: "Hello, Zürich \u{1F600}" });
mock.onMessage("make a plan", { toolCalls: [{ name: "plan", arguments: JSON.stringify(plan) }] });
await mock.start();
console.log(mock.url);
process.stdin.resume();
process.stdin.on("end", async () => { await mock.stop(); process.exit(0); });
