// node events-client.cjs URL: a line for each event, with its id, and for each error, with what becomes of the stream.
const { EventSource } = require('eventsource');

const events = new EventSource(process.argv[2]);
events.onmessage = event => console.log(`event ${event.lastEventId}: ${event.data}`);
events.onerror = error => console.log(`${events.readyState === EventSource.CLOSED ? 'given up' : 'reconnecting'} ${error.code ?? ''}`.trimEnd());
