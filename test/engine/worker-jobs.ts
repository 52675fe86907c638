import { startWorker } from '../../engine/entry/worker.node.ts';
import { accountLedger } from '../examples/account-ledger.ts';
import { clickSessions } from '../examples/click-sessions.ts';
import { parcelRegions } from '../examples/parcel-regions.ts';
import { sensorAlarm } from '../examples/sensor-alarm.ts';
import { wordCount } from '../examples/word-count.ts';
import { tally } from './misbehaving-job.ts';
import { silentSource } from './silent-source-job.ts';
import { slowAnswers } from './slow-answers-job.ts';

/** The worker bundle of the engine's tests. */
startWorker({
  'word-count': wordCount,
  'sensor-alarm': sensorAlarm,
  'click-sessions': clickSessions,
  'parcel-regions': parcelRegions,
  'slow-answers': slowAnswers,
  tally,
  'account-ledger': accountLedger,
  'silent-source': silentSource,
});
