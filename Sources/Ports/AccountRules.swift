package import Market

/// What an operator may ask of accounts and keys, by the request alone. Each rule tells what is wrong; nil when nothing is.
package enum AccountRules {
  /// The largest amount of one movement: a trillion dollars.
  package static let maximumAmount = Money.dollars(1_000_000_000_000)
  /// The most shares of one grant.
  package static let maximumGrant = Quantity(rawValue: 1_000_000_000_000)
  /// The longest name of an account, in bytes.
  package static let maximumNameBytes = 200
  /// The longest reference, in bytes.
  package static let maximumReferenceBytes = 200
  /// The longest reason of a block, in bytes.
  package static let maximumReasonBytes = 500
  /// The most requests a minute that a key's own limit may allow.
  package static let maximumRequestsPerMinute: Int32 = 1_000_000

  /// A new account's name and first deposit.
  package static func flaw(name: String, cash: Money) -> String? {
    guard isText(name, upTo: maximumNameBytes) else { return "a name has 1 to \(maximumNameBytes) bytes" }
    return (Money.zero...maximumAmount).contains(cash) ? nil : "the first deposit is from 0 to \(maximumAmount)"
  }

  /// An amount that is deposited or withdrawn.
  package static func flaw(amount: Money) -> String? {
    amount > .zero && amount <= maximumAmount ? nil : "an amount is above 0 and at most \(maximumAmount)"
  }

  /// Shares that are granted, and what each cost.
  package static func flaw(grant quantity: Quantity, cost: Price?) -> String? {
    guard (Quantity(rawValue: 1)...maximumGrant).contains(quantity) else {
      return "a grant is from 1 to \(maximumGrant) shares"
    }
    let isProper = cost.map { $0 >= Price(rawValue: 0) && $0 <= .maximum } ?? true
    return isProper ? nil : "a share's cost is from 0 to \(Price.maximum)"
  }

  /// The name of a movement.
  package static func flaw(reference: String?) -> String? {
    guard let reference, !isText(reference, upTo: maximumReferenceBytes) else { return nil }
    return "a reference has 1 to \(maximumReferenceBytes) bytes"
  }

  /// Why an account is blocked or unblocked.
  package static func flaw(reason: String) -> String? {
    isText(reason, upTo: maximumReasonBytes) ? nil : "a reason has 1 to \(maximumReasonBytes) bytes"
  }

  /// A key's own limit; nil for none.
  package static func flaw(requestsPerMinute: Int32?) -> String? {
    guard let requestsPerMinute, !(1...maximumRequestsPerMinute).contains(requestsPerMinute) else { return nil }
    return "a limit is from 1 to \(maximumRequestsPerMinute) requests a minute"
  }

  /// What is given as a key's name.
  package static func flaw(key id: String) -> String? { id.utf8.contains(0) ? "there is no API key \(id)" : nil }

  /// PostgreSQL's texts have no zero byte.
  private static func isText(_ text: String, upTo bytes: Int) -> Bool {
    (1...bytes).contains(text.utf8.count) && !text.utf8.contains(0)
  }
}
