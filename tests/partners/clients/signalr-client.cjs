// node signalr-client.cjs URL TRANSPORT [skip]: says one thing on each connection. A line for each event.
const { HttpTransportType, HubConnectionBuilder, LogLevel } = require('@microsoft/signalr');

const [url, transport, skip] = process.argv.slice(2);
const connection = new HubConnectionBuilder()
  .withUrl(url, { transport: HttpTransportType[transport], skipNegotiation: skip === 'skip' })
  .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 100 })
  .configureLogging(LogLevel.None)
  .build();
const say = async () => console.log(`${transport}: ${await connection.invoke('Say', 'hello')}`);
connection.on('news', text => console.log(`news: ${text}`));
connection.onreconnecting(error => console.log(`disconnected: ${error?.message ?? ''}`.trimEnd()));
connection.onreconnected(say);
connection.onclose(error => console.log(`closed: ${error?.message ?? ''}`.trimEnd()));
connection.start().then(say).catch(error => console.log(`refused: ${error.message.replaceAll('\n', ' ')}`));
