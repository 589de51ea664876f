'use strict';

// A server on node's net module. Writes of one callback are corked, as its documentation advises.

const net = require('node:net');

const REQUEST = 64;
const ANSWER = Buffer.alloc(REQUEST, 'x');
const TIMES = { pipelined: 1, sends: 32 };
const kind = process.argv[2];

function answerRequests(socket) {
  let partial = 0;
  return (data) => {
    socket.cork();
    for (partial += data.length; partial >= REQUEST; partial -= REQUEST) {
      for (let time = 0; time < TIMES[kind]; time++) socket.write(ANSWER);
    }
    socket.uncork();
  };
}

const server = net.createServer({ noDelay: true }, (socket) => {
  socket.on('data', kind === 'echo' ? (data) => socket.write(data) : answerRequests(socket));
  socket.on('error', () => socket.destroy());
});

server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => {
  console.log(`address 127.0.0.1:${server.address().port}`);
});
