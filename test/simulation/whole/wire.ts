import type {World} from '../world.ts';
import type {WholeFaults} from './faults.ts';
import type {Caller, WholeHost} from './host.ts';

type Parts = {readonly world: World; readonly faults: WholeFaults; readonly host: () => WholeHost};

/** What a client sees of a connection that came to nothing. */
class ConnectionError extends TypeError {}

/**
 * A client's `fetch` over the simulated network: requests and what comes back of them are late, lost or cut off, pieces of a body stay in order,
 * and a connection ends with the process at its other end.
 */
export function wireFetch(parts: Parts, client: string): (request: Request) => Promise<Response> {
	return request => new Connection(parts, client).open(request);
}

/** Pieces of a reply on their way at once; then whoever sends waits for the reader. */
const windowPieces = 4;
const longestStallMs = 10_000;

class Connection {
	readonly #world: World;
	readonly #faults: WholeFaults;
	readonly #host: WholeHost;
	readonly #client: string;
	readonly #caller: Caller;
	/** The client's side of the body. */
	#body: ReadableStreamDefaultController<Uint8Array> | undefined;
	/** The server's. */
	#reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
	#resume: (() => void) | undefined;
	#over = false;
	#reject: (error: Error) => void = () => undefined;
	/** What is left until it is cut; infinite: it is not. */
	#bytesLeft = Number.POSITIVE_INFINITY;

	constructor({world, faults, host}: Parts, client: string) {
		this.#world = world;
		this.#faults = faults;
		this.#host = host();
		this.#client = client;
		this.#caller = {reply: response => this.#replied(response), broke: () => this.#break('the connection was reset')};
	}

	open(request: Request): Promise<Response> {
		const {network} = this.#world;
		return new Promise((resolve, reject) => {
			this.#reject = reject;
			this.#accept = resolve;
			request.signal.addEventListener('abort', () => this.#hangUp());
			if (request.signal.aborted) return this.#hangUp();
			if (this.#isLost('out')) return this.#later(() => this.#break('no route'));
			this.#world.at(network.delayMs(), () => this.#over || this.#host.request(request, this.#caller));
		});
	}

	#accept: (response: Response) => void = () => undefined;

	/** In the server's process. */
	#replied(response: Response): void {
		const {random, healed} = this.#world;
		this.#reader = response.body?.getReader();
		if (this.#over) return void this.#reader?.cancel();
		if (!healed && random.chance(this.#faults.cutBody)) this.#bytesLeft = random.below(2000);
		this.#later(() => {
			if (this.#over) return;
			if (this.#isLost('in')) return this.#break('the connection was cut');
			const body = new ReadableStream<Uint8Array>(
				{
					start: controller => {
						this.#body = controller;
					},
					pull: () => this.#resume?.(),
					cancel: () => this.#hangUp(),
				},
				{highWaterMark: windowPieces},
			);
			const {status, headers} = response;
			this.#accept(new Response(response.body === null ? null : body, {status, headers}));
			if (response.body !== null) this.#pump();
		});
	}

	/** Takes the next piece from the server, and has it arrive. */
	#pump(): void {
		const reader = this.#reader;
		if (this.#over || reader === undefined) return;
		this.#host.inProcess(this.#caller, () => {
			reader.read().then(
				({done, value}) => this.#later(() => (done ? this.#end() : this.#arrive(value))),
				() => this.#later(() => this.#break('the reply broke off')),
			);
		});
	}

	#arrive(piece: Uint8Array): void {
		const {random, healed} = this.#world;
		if (this.#over) return;
		const bytes = piece.subarray(0, this.#bytesLeft);
		this.#bytesLeft -= piece.length;
		// A network keeps nothing together that was sent at once.
		const half = random.chance(0.2) ? random.below(bytes.length + 1) : 0;
		for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) if (part.length > 0) this.#body?.enqueue(part);
		if (this.#bytesLeft < 0 || this.#isLost('in')) return this.#break('the connection was cut');
		const stallMs = !healed && random.chance(this.#faults.slowReader) ? random.below(longestStallMs) : 0;
		const goOn = () => {
			this.#resume = undefined;
			this.#later(() => this.#pump(), stallMs);
		};
		if ((this.#body?.desiredSize ?? 0) > 0) goOn();
		else this.#resume = goOn;
	}

	#end(): void {
		if (this.#over) return;
		this.#over = true;
		this.#host.hangUp(this.#caller);
		this.#body?.close();
	}

	/** The client hears of it after a while, and so does the server. */
	#break(why: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#letGo();
		const error = new ConnectionError(why);
		this.#later(() => {
			this.#reject(error);
			this.#body?.error(error);
		});
	}

	/** The client wants no more. */
	#hangUp(): void {
		if (this.#over) return;
		this.#over = true;
		this.#reject(new ConnectionError('it was given up'));
		this.#letGo();
	}

	#letGo(): void {
		this.#later(() => {
			this.#host.inProcess(this.#caller, () => void this.#reader?.cancel().catch(() => undefined));
			this.#host.hangUp(this.#caller);
		});
	}

	#isLost(way: 'out' | 'in'): boolean {
		const {network, healed, random, faults} = this.#world;
		return !healed && (network.isCut(this.#client, way) || (way === 'out' && random.chance(faults.drop)));
	}

	#later(task: () => void, ms = 0): void {
		this.#world.at(ms + this.#world.network.delayMs(), () => {
			this.#world.promisesWait = true;
			task();
		});
	}
}
