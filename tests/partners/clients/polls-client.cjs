// node polls-client.cjs URL: polls for the message after the last one it has, again and again. A line for each answer; what fails is polled for again.
const url = process.argv[2];
const poll = async after => {
  const answer = await fetch(`${url}?after=${after}`).catch(error => ({ status: error.cause?.code ?? error.message }));
  const text = answer.status === 200 ? await answer.text() : '';
  console.log(`${answer.status} ${text}`.trimEnd());
  setTimeout(poll, answer.status === 200 ? 0 : 100, answer.status === 200 ? after + 1 : after);
};
poll(0);
