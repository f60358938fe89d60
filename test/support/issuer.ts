// An issuer of tokens for tests of accounts: opaque tokens in MongoDB, refresh tokens of one use. The server's own is made of OAuth grants.
import { createHash, randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import type { Subject, TokenSet, Tokens } from '../../src/fhir/auth/tokens.ts';
import { FhirError } from '../../src/fhir/model/errors.ts';

interface GrantDocument {
  _id: string;
  subject: Subject;
  access: string[];
  refresh: string;
  spent: string[];
  at: number;
}

const hash = (token: string): string => createHash('sha256').update(token).digest('hex');

export function createIssuer(db: Db, now: () => number): Tokens {
  const grants = db.collection<GrantDocument>('test_grants');
  const refused = (): FhirError => new FhirError('login', 'The token is not valid');
  const fresh = (): TokenSet => ({
    accessToken: randomBytes(18).toString('base64url'),
    refreshToken: randomBytes(18).toString('base64url'),
    expiresIn: 3600,
  });

  return {
    async issue(subject) {
      const set = fresh();
      const grant = { access: [hash(set.accessToken)], refresh: hash(set.refreshToken), spent: [], at: now() };
      await grants.insertOne({ _id: randomBytes(9).toString('base64url'), subject, ...grant });
      return set;
    },
    async refresh(token) {
      const used = hash(token);
      const set = fresh();
      const found = await grants.findOneAndUpdate(
        { refresh: used },
        { $set: { refresh: hash(set.refreshToken) }, $push: { spent: used, access: hash(set.accessToken) } },
      );
      if (found !== null) return set;
      await grants.deleteOne({ spent: used });
      throw refused();
    },
    async verify(token) {
      const found = await grants.findOne({ access: hash(token) });
      if (found === null) throw refused();
      const { account, roles, organizations, fhirUser } = found.subject;
      return {
        id: hash(token),
        grant: found._id,
        account,
        client: 'wardgate',
        roles,
        organizations,
        ...(fhirUser !== undefined && { fhirUser }),
        limits: 'standard',
        expires: now() + 3600_000,
      };
    },
    async endGrantOf(token) {
      await grants.deleteOne({ $or: [{ access: hash(token) }, { refresh: hash(token) }] });
    },
    async endGrant(id) {
      await grants.deleteOne({ _id: id });
    },
    async endAllOf(account, besides) {
      await grants.deleteMany({ 'subject.account': account, ...(besides !== undefined && { _id: { $ne: besides } }) });
    },
    async sessions(account) {
      const found = await grants.find({ 'subject.account': account }).toArray();
      return found.map(({ _id, subject: { address, userAgent }, at }) => ({
        id: _id,
        client: 'wardgate',
        clientName: 'Wardgate',
        scopes: [],
        address,
        ...(userAgent !== undefined && { userAgent }),
        startedAt: at,
        lastUsedAt: at,
        expiresAt: at + 7 * 24 * 3600_000,
      }));
    },
  };
}
