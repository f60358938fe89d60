// Symptoms that need help at once. They are recognised by rule, before and without any model, and the answer is never "wait".
// The table is the whole medicine of this file: one row per danger. A row fires when every one of its patterns is found and not denied.

export const RED_FLAG_RULES_VERSION = '1';

export interface Subject {
  ageYears?: number | undefined;
  sex?: string | undefined;
}

export interface RedFlag {
  code: string;
  label: string;
  advice: string;
}

interface Row extends RedFlag {
  all: readonly RegExp[];
  when?: (subject: Subject) => boolean;
}

const CALL = 'Call the emergency number now.';
const breathless =
  /(short(ness)? of breath|(trouble|difficulty|struggling|hard) (to )?breath|can(no|')?t breathe|breathless|gasping)/;
const chest =
  /(chest|breastbone|sternum)[^.;]{0,30}(pain|pressure|tight|crush|squeez|heav)|(pain|pressure|tightness|crushing|squeezing|heaviness)[^.;]{0,30}(chest|breastbone|sternum)/;

const rows: readonly Row[] = [
  {
    code: 'chest-pain',
    label: 'Chest pain or pressure',
    advice: `${CALL} It may be a heart attack. Sit down and do not drive yourself.`,
    all: [chest],
  },
  {
    code: 'breathing',
    label: 'Serious trouble breathing',
    advice: `${CALL} Sit upright and loosen tight clothes.`,
    all: [
      /(severe|sudden|at rest|blue lips|can(no|')?t speak|worse|can(no|')?t breathe|gasping|choking)/,
      new RegExp(`${breathless.source}|choking`),
    ],
  },
  {
    code: 'stroke',
    label: 'Signs of a stroke',
    advice: `${CALL} Note when it began: minutes matter.`,
    all: [
      /(fac(e|ial)[^.;]{0,20}(droop|numb|weak|asymmetr|paraly)|droop(ing|y)[^.;]{0,15}(face|mouth)|slurred speech|(can(no|')?t|trouble|difficulty|unable to) speak|(sudden|one)[- ]?(sided)?[^.;]{0,25}(weakness|numbness|paraly)|(arm|leg)[^.;]{0,20}(suddenly )?(went |is |are |became )?(weak|numb|paraly)[^.;]{0,20}(sudden|one side)|sudden[^.;]{0,20}(loss of vision|vision loss|confusion|blind))/,
    ],
  },
  {
    code: 'anaphylaxis',
    label: 'Severe allergic reaction',
    advice: `${CALL} Use an adrenaline pen if there is one.`,
    all: [
      /(swell(ing|ed)|swollen)[^.;]{0,25}(throat|tongue|lips?|face)|(throat|tongue|lips?|face)[^.;]{0,25}(swell|swollen|clos)|anaphyla/,
    ],
  },
  {
    code: 'suicide',
    label: 'Thoughts of suicide or self-harm',
    advice: `${CALL} Do not leave the person alone; a crisis line can be called at any hour.`,
    all: [
      /suicid|kill(ing)? (my|him|her|them)sel(f|ves)|end(ing)? (my|his|her|their) life|(hurt|harm)(ing)? (my|him|her)self|self[- ]harm|want to die|don'?t want to live/,
    ],
  },
  {
    code: 'bleeding',
    label: 'Heavy bleeding',
    advice: `${CALL} Press firmly on the wound.`,
    all: [
      /((heavy|severe|uncontroll\w+|massive|profuse)[^.;]{0,20}bleed|bleed\w*[^.;]{0,25}(won'?t stop|will not stop|heavily|does ?n[o']t stop)|(vomit|cough|throw)\w*( up)? (a lot of )?blood|blood in (my |the |his |her )?vomit|black,? tarry)/,
    ],
  },
  {
    code: 'unconscious',
    label: 'Loss of consciousness or a seizure',
    advice: `${CALL} Lay the person on the side and keep the airway free.`,
    all: [
      /(unconscious|unresponsive|passed out|faint(ed|ing)|collapsed|los[ts]\w* consciousness|seizure|convuls|fitting)/,
    ],
  },
  {
    code: 'thunderclap-headache',
    label: 'Sudden worst headache',
    advice: `${CALL} It may be a bleed in the head.`,
    all: [
      /(worst[^.;]{0,15}headache|headache[^.;]{0,15}(worst|of my life)|thunderclap|(sudden|explosive)[^.;]{0,15}(severe )?headache)/,
    ],
  },
  {
    code: 'meningitis',
    label: 'Signs of meningitis',
    advice: `${CALL} It gets worse within hours.`,
    all: [
      /(fever|temperature|feverish)/,
      /(stiff(ness)?[^.;]{0,10}neck|neck[^.;]{0,12}stiff|rash[^.;]{0,30}(does ?n[o']t|not) (fade|blanch)|non-?blanching)/,
    ],
  },
  {
    code: 'poisoning',
    label: 'Overdose or poisoning',
    advice: `${CALL} Keep the package of what was taken.`,
    all: [
      /(overdos|poison(ed|ing)|swallowed[^.;]{0,20}(bleach|battery|batteries|detergent|pills|tablets|poison)|took too many)/,
    ],
  },
  {
    code: 'pregnancy',
    label: 'Danger in pregnancy',
    advice: `${CALL} Or go to the maternity emergency at once.`,
    all: [
      /pregnan/,
      /(bleed|severe (abdominal|belly|stomach) pain|severe headache|blurred vision|not (felt|feeling)[^.;]{0,20}(move|kick)|waters? broke)/,
    ],
    when: ({ sex }) => sex !== 'male',
  },
  {
    code: 'infant-fever',
    label: 'Fever in a baby under three months',
    advice: 'Go to the emergency department now, even if the baby seems well.',
    all: [
      /(fever|febrile|temperature)/,
      /(newborn|(\b[0-9]|1[0-2]|two|three|four|five|six|seven|eight|nine|ten)[- ]?weeks?[- ]old|\b[12][- ]months?[- ]old|one[- ]month[- ]old|two[- ]months?[- ]old)/,
    ],
    when: ({ ageYears }) => ageYears === undefined || ageYears < 1,
  },
  {
    code: 'sepsis',
    label: 'Signs of sepsis',
    advice: `${CALL} Say that you are worried about sepsis.`,
    all: [
      /(fever|infection|shivering|chills|infected)/,
      /(confus|mottled|slurred|not (passed|passing) urine|very drowsy|extreme(ly)? drows|skin[^.;]{0,15}(blue|grey|gray))/,
    ],
  },
  {
    code: 'cauda-equina',
    label: 'Back pain with numbness or loss of control',
    advice: 'Go to the emergency department now.',
    all: [
      /back/,
      /(numb\w*[^.;]{0,25}(groin|saddle|genital|buttock)|(los[ts]\w*|no)[^.;]{0,15}control[^.;]{0,20}(bladder|bowel)|incontinen|can(no|')?t (pee|urinate))/,
    ],
  },
];

/** `no chest pain`, `denies any chest pain`, `without fever`: what is denied right before is not there. */
const DENIED =
  /\b(no|not|denies|denied|denying|without|never( had)?|negative for|n't( have| had)?)\s+(any\s+|a\s+|history of\s+|signs? of\s+|had\s+|having\s+)*$/;

function isPresent(pattern: RegExp, text: string): boolean {
  for (const match of text.matchAll(new RegExp(pattern.source, 'g'))) {
    if (!DENIED.test(text.slice(Math.max(0, match.index - 40), match.index))) return true;
  }
  return false;
}

export function redFlagsIn(symptoms: string, subject: Subject): RedFlag[] {
  const text = symptoms.toLowerCase().replaceAll('’', "'").replace(/\s+/g, ' ');
  return rows
    .filter(({ all, when }) => (when?.(subject) ?? true) && all.every((pattern) => isPresent(pattern, text)))
    .map(({ code, label, advice }) => ({ code, label, advice }));
}
