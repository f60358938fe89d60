// Mends a fault of the MongoDB driver (seen in 7.8.0, there in 7.9.0). A command that is written in the moment between the end of
// its socket and the socket's `close` waits for a `drain` that never comes: it hangs for ever, and with it the request, the
// batch or the transaction it belongs to. In about one of eight kills of a busy mongod there is one.
import { createRequire } from 'node:module';

interface Connection {
  closed: boolean;
  socket: NodeJS.EventEmitter;
  cleanup(error: Error): void;
}

const { Connection } = createRequire(import.meta.url)('mongodb/lib/cmap/connection.js') as {
  Connection: { prototype: Connection };
};
const { cleanup } = Connection.prototype;

/** Whoever waits for the socket wakes up, finds the connection's error, and fails or tries again as for any lost connection. */
Connection.prototype.cleanup = function (this: Connection, error: Error): void {
  const wasClosed = this.closed;
  cleanup.call(this, error);
  if (!wasClosed) this.socket.emit('drain');
};
