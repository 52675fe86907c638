import type { InstrumentFound, OrderAnswer, OrderOutcome, OrderRequest } from '../../contract/orders.ts';

/** An answer has some hundred bytes. */
const ANSWER_BYTES_MAX = 65_536;

/** The order itself is wrong; any other failure may be of the way there. */
const REFUSALS: ReadonlySet<number> = new Set([400, 409, 422]);

/** The gateway did not answer, or could not: asking again may help. */
export class GatewayUnreachableError extends Error {
  override readonly name = 'GatewayUnreachableError';
}

/**
 * Asks for an order once. The same id may be asked for again: the gateway then says what it did the first time.
 * @throws GatewayUnreachableError when nobody said what became of it
 */
export async function placeOrder(url: string, order: OrderRequest, timeoutMs: number): Promise<OrderOutcome> {
  const { status, body } = await ask(`${url}/orders`, timeoutMs, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  if (REFUSALS.has(status)) return { id: order.id, state: 'refused', shares: null, reason: problemOf(body, status) };
  const answer = status === 200 ? answerOf(body) : null;
  if (answer === null) throw new GatewayUnreachableError(problemOf(body, status));
  return answer.state === 'rejected'
    ? { id: order.id, state: answer.state, shares: null, reason: answer.reason }
    : { id: order.id, state: answer.state, shares: answer.shares, reason: null };
}

/** @throws GatewayUnreachableError */
export async function findInstrument(url: string, symbol: string, timeoutMs: number): Promise<InstrumentFound> {
  const { status, body } = await ask(`${url}/instruments/${encodeURIComponent(symbol)}`, timeoutMs, { method: 'GET' });
  if (status === 404) return { kind: 'unknown', symbol };
  const { name, sector, currency, tickSize } = (body ?? {}) as Record<string, unknown>;
  const texts = [name, sector, currency, tickSize];
  if (status !== 200 || texts.some((text) => typeof text !== 'string'))
    throw new GatewayUnreachableError(problemOf(body, status));
  const [nameText, sectorText, currencyText, tickText] = texts as string[];
  return { kind: 'known', symbol, name: nameText, sector: sectorText, currency: currencyText, tickSize: tickText };
}

async function ask(
  url: string,
  timeoutMs: number,
  request: RequestInit,
): Promise<{ readonly status: number; readonly body: unknown }> {
  try {
    const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    const text = await textOf(response);
    return { status: response.status, body: parsed(text) };
  } catch (error) {
    if (error instanceof GatewayUnreachableError) throw error;
    const { name, message, cause } = error as Error & { cause?: Error };
    throw new GatewayUnreachableError(
      name === 'TimeoutError' ? `No answer within ${timeoutMs} ms.` : (cause?.message ?? message),
    );
  }
}

async function textOf(response: Response): Promise<string> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new GatewayUnreachableError('The answer is too long to be one.');
    text += decoder.decode(piece, { stream: true });
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Not an answer of a gateway: its status tells the rest.
    return null;
  }
}

function answerOf(body: unknown): OrderAnswer | null {
  const { state, shares, reason } = (body ?? {}) as Record<string, unknown>;
  if ((state === 'confirmed' || state === 'partly-confirmed') && typeof shares === 'string') return { state, shares };
  return state === 'rejected' && typeof reason === 'string' ? { state, reason } : null;
}

function problemOf(body: unknown, status: number): string {
  const problem = (body as { problem?: unknown } | null)?.problem;
  return typeof problem === 'string' ? problem.slice(0, 200) : `The gateway answered with status ${status}.`;
}
