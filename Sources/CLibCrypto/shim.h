// SHA256_Init and its like are called deprecated since OpenSSL 3.0 in favour of EVP, whose contexts are allocated and looked
// up anew for each message: that costs more than the digest of a short one. They keep a state that can be copied.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/evp.h>
