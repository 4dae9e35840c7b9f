// SPDX-License-Identifier: MIT
#include "security/identity.hpp"

#include <catch2/catch.hpp>

#include "unit/security/certificates.hpp"

using namespace greenroom;
using namespace greenroom::security;
using Catch::Matchers::Contains;
using test::credentials;
using test::make_certificate;

namespace {

/// A cluster's CA and the means to load nodes of it.
struct cluster {
  test::folder files;
  credentials ca = make_certificate("ca", nullptr);

  expected<identity> load(const credentials& node) const {
    return identity::load(files.write("node.crt", pem_of(node)),
                          files.write("node.key", key_pem_of(node)),
                          files.write("ca.crt", pem_of(ca)));
  }
  void refuses(const credentials& node, const std::string& why) const {
    const auto result = load(node);
    REQUIRE_FALSE(result.has_value());
    CHECK_THAT(result.error().message, Contains(why));
  }
};

}  // namespace

TEST_CASE("a node proves who it is to another one", "[identity]") {
  const cluster c;
  const auto node1 = c.load(make_certificate("node1", &c.ca));
  const auto node2 = c.load(make_certificate("node2", &c.ca));
  REQUIRE(node1.has_value());
  REQUIRE(node2.has_value());
  CHECK(node1->name() == "node1");
  const auto signature = node1->sign("I am node1");
  const auto name = node2->verify(node1->certificate_pem(), "I am node1", signature);
  REQUIRE(name.has_value());
  CHECK(*name == "node1");
}

TEST_CASE("a node knows when its certificates end", "[identity]") {
  const cluster c;
  const auto before = now_ms() / 1000 * 1000;
  const auto node = c.load(make_certificate("node1", &c.ca, 600));
  REQUIRE(node.has_value());
  CHECK(node->expires_at() >= before + 600'000);
  CHECK(node->expires_at() <= now_ms() + 600'000);
  CHECK(node->ca_expires_at() > node->expires_at());
  CHECK(end_of_certificate(node->certificate_pem()) == node->expires_at());
  CHECK(end_of_certificate("") == 0);
  CHECK(end_of_certificate("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n") == 0);
}

TEST_CASE("RSA keys are as good as EC keys", "[identity]") {
  const cluster c;
  const std::shared_ptr<EVP_PKEY> rsa(EVP_RSA_gen(2048), EVP_PKEY_free);
  const auto node = c.load(make_certificate("node1", &c.ca, 3600, -3600, rsa));
  REQUIRE(node.has_value());
  CHECK(node->verify(node->certificate_pem(), "x", node->sign("x")));
}

TEST_CASE("a proof holds for its statement, its key and whole only", "[identity]") {
  const cluster c;
  const auto node1 = c.load(make_certificate("node1", &c.ca)).value();
  const auto node2 = c.load(make_certificate("node2", &c.ca)).value();
  const auto signature = node1.sign("statement");
  CHECK(node2.verify(node1.certificate_pem(), "statement", signature));
  CHECK_FALSE(node2.verify(node1.certificate_pem(), "Statement", signature));
  CHECK_FALSE(node2.verify(node1.certificate_pem(), "", signature));
  CHECK_FALSE(node2.verify(node2.certificate_pem(), "statement", signature));
  CHECK_FALSE(node2.verify(node1.certificate_pem(), "statement", ""));
  CHECK_FALSE(node2.verify(node1.certificate_pem(), "statement", signature.substr(1)));
  CHECK_FALSE(node2.verify(node1.certificate_pem(), "statement", std::string(1 << 20, 'x')));
  for (const auto& pem : {std::string(), std::string("garbage"), std::string(1 << 20, 'x'),
                          node1.certificate_pem().substr(0, 200)}) {
    CHECK_FALSE(node2.verify(pem, "statement", signature));
  }
}

TEST_CASE("a stranger with a CA of the same name is refused", "[identity]") {
  const cluster ours;
  const cluster theirs;
  const auto node = ours.load(make_certificate("node1", &ours.ca)).value();
  const auto stranger = theirs.load(make_certificate("node2", &theirs.ca)).value();
  const auto result =
      node.verify(stranger.certificate_pem(), "statement", stranger.sign("statement"));
  REQUIRE_FALSE(result.has_value());
  CHECK_THAT(result.error().message, Contains("not of this cluster"));
  ours.refuses(make_certificate("node1", &theirs.ca), "is not accepted by");
}

TEST_CASE("a CA and its successor are trusted side by side", "[identity]") {
  const cluster old;
  const auto successor = make_certificate("ca2", nullptr);
  const auto node1 = make_certificate("node1", &old.ca);
  const auto node2 = make_certificate("node2", &successor);
  const auto both = old.files.write("both.crt", pem_of(old.ca) + pem_of(successor));
  const auto load = [&](const credentials& node, const std::string& name) {
    return identity::load(old.files.write(name + ".crt", pem_of(node)),
                          old.files.write(name + ".key", key_pem_of(node)), both);
  };
  const auto one = load(node1, "node1");
  const auto two = load(node2, "node2");
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK(one->tls() != nullptr);
  CHECK(one->verify(two->certificate_pem(), "x", two->sign("x")));
  CHECK(two->verify(one->certificate_pem(), "x", one->sign("x")));
  old.files.write("both.crt", pem_of(old.ca) + pem_of(successor).substr(0, 200));
  CHECK_FALSE(load(node1, "node1"));
}

TEST_CASE("a node cannot make further nodes", "[identity]") {
  const cluster c;
  const auto parent = make_certificate("node1", &c.ca);
  const auto child = make_certificate("node2", &parent);
  c.refuses(child, "is not accepted by");
  const auto node = c.load(parent).value();
  CHECK_FALSE(node.verify(pem_of(child), "x", "y"));
  CHECK_FALSE(node.verify(pem_of(child) + pem_of(parent), "x", "y"));
}

TEST_CASE("certificates of another time are refused", "[identity]") {
  const cluster c;
  c.refuses(make_certificate("node1", &c.ca, -60), "expired");
  c.refuses(make_certificate("node1", &c.ca, 7200, 3600), "not yet valid");
  const auto node = c.load(make_certificate("node1", &c.ca)).value();
  CHECK_THAT(node.verify(pem_of(make_certificate("node2", &c.ca, -60)), "x", "y").error().message,
             Contains("expired"));
}

TEST_CASE("the name is the DNS name in the certificate, no other", "[identity]") {
  const cluster c;
  const auto named = [&](const std::string& alternative) {
    return make_certificate("common", &c.ca, 3600, -3600, test::make_key(), alternative);
  };
  CHECK(c.load(named("IP:127.0.0.1,DNS:node7,DNS:node8")).value().name() == "node7");
  c.refuses(named(""), "no DNS name");
  c.refuses(named("IP:127.0.0.1"), "no DNS name");
}

TEST_CASE("a key that others can read is refused, with the remedy", "[identity]") {
  const cluster c;
  const auto node = make_certificate("node1", &c.ca);
  const auto certificate = c.files.write("n.crt", pem_of(node), 0644);
  const auto ca = c.files.write("ca.crt", pem_of(c.ca), 0644);
  for (const unsigned mode : {0644U, 0640U, 0604U, 0660U, 0602U}) {
    const auto result =
        identity::load(certificate, c.files.write("n.key", key_pem_of(node), mode), ca);
    REQUIRE_FALSE(result.has_value());
    CHECK_THAT(result.error().message, Contains("n.key") && Contains("chmod 600"));
  }
  CHECK(identity::load(certificate, c.files.write("n.key", key_pem_of(node), 0400), ca));
}

TEST_CASE("files that do not fit are named", "[identity]") {
  const cluster c;
  const auto node = make_certificate("node1", &c.ca);
  const auto certificate = c.files.write("n.crt", pem_of(node));
  const auto key = c.files.write("n.key", key_pem_of(node));
  const auto ca = c.files.write("ca.crt", pem_of(c.ca));
  const auto garbage = c.files.write("garbage", "garbage");
  const auto other = c.files.write("o.key", key_pem_of(make_certificate("node1", &c.ca)));
  const auto locked = c.files.write("l.key", key_pem_of(node, "secret"));
  const auto absent = c.files.path("absent");
  const auto why = [](const auto& cert_file, const auto& key_file, const auto& ca_file) {
    const auto result = identity::load(cert_file, key_file, ca_file);
    return result ? std::string() : result.error().message;
  };
  CHECK(why(certificate, key, ca).empty());
  CHECK_THAT(why(absent, key, ca), Contains("absent cannot be read"));
  CHECK_THAT(why(certificate, absent, ca), Contains("absent cannot be read"));
  CHECK_THAT(why(certificate, key, absent), Contains("absent cannot be read"));
  CHECK_THAT(why(garbage, key, ca), Contains("garbage is not a PEM certificate"));
  CHECK_THAT(why(certificate, garbage, ca), Contains("garbage is not a PEM private key"));
  CHECK_THAT(why(certificate, key, garbage), Contains("garbage is not a PEM certificate"));
  CHECK_THAT(why(certificate, other, ca), Contains("o.key does not belong to"));
  // Must not ask on the terminal.
  CHECK_THAT(why(certificate, locked, ca), Contains("without a pass phrase"));
}

TEST_CASE("keys that cannot sign a digest are refused at start", "[identity]") {
  const cluster c;
  c.refuses(make_certificate("node1", &c.ca, 3600, -3600, test::make_key("ED25519")),
            "not an RSA or EC key");
}
