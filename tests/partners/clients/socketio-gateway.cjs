// node socketio-gateway.cjs PORT: a Socket.IO gateway that answers what is said to it, with its own port.
const { Server } = require('socket.io');

const port = Number(process.argv[2]);
const http = require('node:http').createServer();
const io = new Server(http);
io.on('connection', socket => socket.on('say', (text, answer) => answer(`${text} from ${port}`)));
http.listen(port, '127.0.0.1');
