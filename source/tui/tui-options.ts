import type {Client} from '../client/client.ts';
import type {RunId} from '../model/ids.ts';
import type {Host} from './acting/host.ts';
import type {ContentOptions} from './content.ts';
import type {Binding} from './keys/keymap.ts';
import type {Size} from './picture/layout.ts';
import type {Look} from './picture/palette.ts';
import type {Role} from './ui.ts';

export type TuiOptions = {
	readonly client: Client;
	/** What leaving means. */
	readonly role: Role;
	readonly look: Look;
	readonly limits: ContentOptions['limits'];
	readonly size: Size;
	/** The run to begin with; absent: the newest. */
	readonly run?: RunId;
	/** Nothing is started, changed or ended from here. */
	readonly readonly?: boolean;
	/** Where the orchestrator is now, where that may change. */
	readonly address?: () => string;
	/** False while the terminal does not take what it is sent. */
	readonly isFree?: () => boolean;
	/** Hands the terminal to the shell, and resolves when it is back; with false where there is no shell. */
	readonly suspend?: () => Promise<boolean>;
	readonly redraw?: () => void;
	/** What else may be done on this machine. */
	readonly host: Host;
	/** It is read out: plain lines instead of a picture. */
	readonly isSpoken?: boolean;
	/** Its keys, where other than the usual ones. */
	readonly keymap?: readonly Binding[];
	readonly now?: () => number;
};
