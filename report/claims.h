/* What each assumption claims, in a sentence for somebody who meets it for the first time. */
#ifndef DOORBELL_REPORT_CLAIMS_H
#define DOORBELL_REPORT_CLAIMS_H

#ifdef __cplusplus
extern "C" {
#endif

/** The claim of an assumption by its name (docs/assumptions.md); NULL if the name is not known. */
const char *report_claim(const char *assumption);

/** What breaks, and for whom, if the claim is not true; NULL if the name is not known. */
const char *report_consequence(const char *assumption);

#ifdef __cplusplus
}
#endif

#endif
