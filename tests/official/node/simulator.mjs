// The official npm client against the simulator, which this script controls over HTTP.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";

// The packages are installed in another folder, whose path is the only argument.
const { default: Together } = createRequire(`${process.argv[2]}/package.json`)("together-ai");
const LORA_JOB = "ft-12345678-abcd-1234-efgh-123456789012";
const MODEL = "meta-llama/Meta-Llama-3.1-8B-Instruct-Reference";

async function admin(method, path, body) {
  const response = await fetch(process.env.SIMULATOR_ADMIN_URL + path, {
    method,
    headers: { Authorization: `Bearer ${process.env.SIMULATOR_ADMIN_TOKEN}` },
    body: body && JSON.stringify(body),
  });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}

const client = new Together(); // TOGETHER_BASE_URL and TOGETHER_API_KEY

// A fault, and the client's retry.
await admin("POST", "/faults", { path: "/fine-tunes", status: 503, headers: { "retry-after": "0" } });
const jobs = await client.fineTuning.list();
assert.ok(jobs.data.some((job) => job.id === LORA_JOB));
const journal = await admin("GET", "/requests");
assert.deepEqual(
  journal.data.map((request) => [request.method, request.path, request.status]),
  [
    ["GET", "/fine-tunes", 503],
    ["GET", "/fine-tunes", 200],
  ],
);

// A download that breaks off fails, and works again afterwards.
await admin("POST", "/faults", { path: "/finetune/download", cut: 1000 });
const download = async () => {
  const response = await client.fineTuning.content({ ft_id: LORA_JOB, checkpoint: "adapter" });
  return Buffer.from(await response.arrayBuffer());
};
await assert.rejects(download());
const content = await download();
const whole = await client.fineTuning.content({ ft_id: LORA_JOB });
assert.ok((await whole.arrayBuffer()).byteLength > 0);

// A job that moves when the test says so.
const created = await admin("POST", "/jobs", { status: "running", steps: [10, 20] });
assert.equal((await client.fineTuning.retrieve(created.id)).status, "running");
await admin("POST", `/jobs/${created.id}/advance`, { to: "completed" });
assert.equal((await client.fineTuning.retrieve(created.id)).status, "completed");

// Chat, models and files.
const stream = await client.chat.completions.create({
  model: MODEL,
  messages: [{ role: "user", content: "a b" }],
  stream: true,
});
let text = "";
for await (const chunk of stream) text += chunk.choices[0].delta.content;
assert.equal(text, "You said: a b");
assert.ok((await client.models.list()).some((model) => model.id === MODEL));
assert.ok((await client.files.list()).data.length > 0); // its upload fails in Node 20 before the content is sent

await admin("POST", "/reset");
assert.equal((await admin("GET", "/jobs")).data.length, jobs.data.length);
console.log(createHash("sha256").update(content).digest("hex"));
