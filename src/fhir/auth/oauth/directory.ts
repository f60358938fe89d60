// Where the pages look for the patient or encounter that an app shall start with: as the person who picks, so they see no more than
// they may.
import type { Account } from '../sign-in.ts';

export interface PatientEntry {
  id: string;
  name: string;
  birthDate?: string;
  gender?: string;
  /** record numbers and the like, for people to tell namesakes apart */
  identifiers: readonly string[];
}

export interface EncounterEntry {
  id: string;
  /** what for and where, in words */
  title: string;
  start?: string;
  status: string;
}

export interface Directory {
  /** by name, birth date or identifier; some of those the person may see where `text` is empty */
  patients(account: Account, text: string): Promise<PatientEntry[]>;
  /** undefined where there is none, or the person may not see it */
  patient(account: Account, id: string): Promise<PatientEntry | undefined>;
  /** newest first */
  encounters(account: Account, patient: string): Promise<EncounterEntry[]>;
}
