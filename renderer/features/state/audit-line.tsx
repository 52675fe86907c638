import type { AuditInfo } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { secondText } from '../../format/time-text.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** Enough of a hash to compare two screens by; the whole of it is its title. */
const HEAD_CHARACTERS = 16;

/** How far the audit trail goes, whether it is what was written, and the way to have a copy. */
export function AuditLine({ zone }: { readonly zone: string }) {
  const workstation = useWorkstation();
  const audit = useStore(workstation.session, (one) => one.audit);
  if (audit === null) return null;
  const isThere = audit.head !== null;
  return (
    <div className="audit-line" data-testid="audit" data-records={audit.records} data-head={audit.head ?? ''}>
      <p className="selectable">
        <strong>Audit trail</strong> <AuditText audit={audit} zone={zone} />
      </p>
      <button type="button" className="button" disabled={!isThere} onClick={() => workstation.verifyAudit()}>
        Verify
      </button>
      <button type="button" className="button" disabled={!isThere} onClick={() => void workstation.exportAudit()}>
        Export{'\u2026'}
      </button>
    </div>
  );
}

function AuditText({ audit, zone }: { readonly audit: AuditInfo; readonly zone: string }) {
  const { records, head, problem, verdict } = audit;
  if (problem !== null) return <span className="tone-bad">There is none: {problem}</span>;
  if (head === null) return <>There is none, because nothing is kept.</>;
  return (
    <>
      {countText(records)} records, head{' '}
      <span className="audit-head" title={head}>
        {head.slice(0, HEAD_CHARACTERS)}
      </span>
      .{' '}
      {verdict === null ? null : (
        <span className={verdict.isIntact ? 'tone-good' : 'tone-bad'} data-testid="audit-verdict">
          {secondText(verdict.atMs, zone)}: {verdict.text}
        </span>
      )}
    </>
  );
}
