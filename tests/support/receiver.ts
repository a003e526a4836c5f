/** An HTTP server that keeps the notifications it gets. */
import { type IncomingMessage, type Server, createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  text: string;
  json: unknown;
  at: number;
}

export class Receiver {
  readonly received: Received[] = [];
  /** The status of its answers. */
  status = 200;
  /** It takes requests and never answers them. */
  silent = false;
  private readonly waiting = new Set<() => void>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(port = 0): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        receiver.keep(request, Buffer.concat(pieces).toString("utf8"));
        if (!receiver.silent) response.writeHead(receiver.status).end();
      });
    });
    server.on("connection", (socket) => {
      receiver.sockets.add(socket);
      socket.on("close", () => receiver.sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  private keep(request: IncomingMessage, text: string): void {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    this.received.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers, text, json, at: Date.now() });
    for (const look of this.waiting) look();
  }

  /** Waits until `condition` holds for what has been received; throws after `milliseconds`. */
  async until(condition: (received: Received[]) => boolean, milliseconds = 10_000): Promise<Received[]> {
    if (condition(this.received)) return this.received;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        const bodies = this.received.map((each) => each.text).join("\n");
        reject(new Error(`not received within ${milliseconds} ms; ${this.received.length} received:\n${bodies}`));
      }, milliseconds);
      const look = (): void => {
        if (!condition(this.received)) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(this.received);
      };
      this.waiting.add(look);
    });
  }

  /** Waits for at least `count` requests. */
  waitFor(count: number, milliseconds = 10_000): Promise<Received[]> {
    return this.until((received) => received.length >= count, milliseconds);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
