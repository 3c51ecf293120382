/**
 * Asks a URL again and again, each time on a new connection: URL PERIOD TIMEOUT, in milliseconds. Prints
 * a line for each answer: milliseconds since 1970 and who gave it, `-` where nobody did in time.
 */
import { get } from 'node:http';

const [url = '', period = '', timeout = ''] = process.argv.slice(2);

function ask(): void {
  let isOver = false;
  const end = (answer: string) => {
    if (isOver) return;
    isOver = true;
    console.log(`${Date.now()} ${answer}`);
  };
  const request = get(url, { agent: false, headers: { connection: 'close' } }, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => end(body.trim()));
  });
  request.on('error', () => end('-'));
  setTimeout(() => {
    request.destroy();
    end('-');
  }, Number(timeout)).unref();
}

setInterval(ask, Number(period));
