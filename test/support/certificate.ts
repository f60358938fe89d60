// A certificate of one's own for 127.0.0.1. Throws where the machine has no openssl to make one with.
import { execFileSync } from 'node:child_process';

export function certify(name: string, { cert, key }: { cert: string; key: string }): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' });
}
