import type {SessionId} from './ids.ts';
import type {Handle, InstanceSpec} from './instance.ts';
import type {Run} from './run.ts';

/**
 * What the scheduler wants done, in the imperative. Commands are idempotent: performing one twice, or again after a
 * restart, does no harm. A performed command ends in another event.
 */
export type Command =
	/** Ends in `instance-started` or `instance-failed`. */
	| {readonly type: 'start-instance'; readonly spec: InstanceSpec}
	/** An earlier life of the orchestrator started it: its end is to be heard of. Ends in `instance-ended`. */
	| {readonly type: 'adopt-instance'; readonly spec: InstanceSpec; readonly handle: Handle}
	/** Ends in `instance-ended`, also when it was gone already. */
	| {readonly type: 'stop-instance'; readonly spec: InstanceSpec; readonly handle?: Handle}
	/** There is something new to say to this session: assignments, stops or settled outcomes. */
	| {readonly type: 'send-orders'; readonly session: SessionId}
	/** The run has ended: it is recorded in the history, in the same commit as the event that ended it. */
	| {readonly type: 'record-run'; readonly run: Run};
