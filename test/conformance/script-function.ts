import type { Collector, KeyedContext, OnTimerContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { mapState, valueState, type MapState, type ValueState } from '../../engine/api/state.ts';
import { watermarkText } from './traces.ts';

export interface ScriptElement {
  readonly key: string;
  readonly commands: string;
}

const COUNT = valueState<number>('n');
const CHAINS = mapState<string, readonly [number, number]>('chains');

/** The function that the timer traces were recorded with (timers.json, `script`). */
export class ScriptFunction extends KeyedProcessFunction<string, ScriptElement, string> {
  private count!: ValueState<number>;
  private chains!: MapState<string, readonly [number, number]>;

  override open(context: RuntimeContext): void {
    this.count = context.getState(COUNT);
    this.chains = context.getMapState(CHAINS);
  }

  processElement(element: ScriptElement, context: KeyedContext<string>, out: Collector<string>): void {
    this.count.update((this.count.value() ?? 0) + 1);
    for (const command of element.commands.split(';').filter((text) => text !== '')) this.run(command, context, out);
  }

  private run(command: string, context: KeyedContext<string>, out: Collector<string>): void {
    const [name = '', ...rest] = command.split(':');
    const [time = 0, step = 0, left = 0] = rest.map(Number);
    const timers = context.timerService();
    switch (name) {
      case 'regE':
        return timers.registerEventTimeTimer(time);
      case 'regP':
        return timers.registerProcessingTimeTimer(time);
      case 'delE':
        return timers.deleteEventTimeTimer(time);
      case 'delP':
        return timers.deleteProcessingTimeTimer(time);
      case 'chainE':
        this.chains.put(`E${time}`, [step, left]);
        return timers.registerEventTimeTimer(time);
      case 'chainP':
        this.chains.put(`P${time}`, [step, left]);
        return timers.registerProcessingTimeTimer(time);
      case 'clear':
        return this.count.clear();
      case 'emit':
        return out.collect(
          `emit key=${context.getCurrentKey()} n=${this.count.value() ?? 'null'} elementTs=${context.timestamp()} wm=${watermarkText(timers.currentWatermark())} pt=${timers.currentProcessingTime()}`,
        );
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>): void {
    const domain = context.timeDomain() === 'event-time' ? 'E' : 'P';
    const timers = context.timerService();
    out.collect(
      `timer ${domain}@${timestampMs} key=${context.getCurrentKey()} n=${this.count.value() ?? 'null'} wm=${watermarkText(timers.currentWatermark())}`,
    );
    const chain = this.chains.get(`${domain}${timestampMs}`);
    if (chain === null) return;
    this.chains.remove(`${domain}${timestampMs}`);
    const [step, left] = chain;
    if (left <= 0) return;
    this.chains.put(`${domain}${timestampMs + step}`, [step, left - 1]);
    if (domain === 'E') timers.registerEventTimeTimer(timestampMs + step);
    else timers.registerProcessingTimeTimer(timestampMs + step);
  }
}
