/// What accounts have beside money, shares and orders: their past, their holders' choices and lists.
public protocol AccountStore: AccountConfigurationStore, AccountActivityReader, WatchlistStore {}
