// A receiver of notifications for the quick start: answers 200 and prints what it got, a line each.
//   node docs/quickstart/receiver.mjs PORT
import { createServer } from "node:http";

createServer((request, response) => {
  let text = "";
  request.on("data", (piece) => (text += piece));
  request.on("end", () => {
    console.log(text);
    response.end();
  });
}).listen(Number(process.argv[2]), "127.0.0.1", () => console.log("waiting for notifications"));
