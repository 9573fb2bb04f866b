// node socketio-client.cjs URL TRANSPORTS: says one thing on each connection and after each change of transport. A line for each event.
const { io } = require('socket.io-client');

const [url, transports] = process.argv.slice(2);
// Cookies, as browsers keep them.
const socket = io(url, { transports: transports.split(','), withCredentials: true, reconnectionDelay: 50, reconnectionDelayMax: 200 });
const say = () => socket.emit('say', 'hello', answer => console.log(`${socket.io.engine.transport.name}: ${answer}`));
socket.on('connect', () => {
  socket.io.engine.once('upgrade', say);
  say();
});
socket.on('connect_error', error => console.log(`refused: ${error.message} ${error.context?.status ?? ''} ${error.context?.responseText ?? ''}`.trimEnd()));
socket.on('disconnect', (reason, details) => console.log(`disconnected: ${reason} ${details?.context?.code ?? ''}`.trimEnd()));
