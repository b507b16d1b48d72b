// Package tables is driver.Tables over the DynamoDB protocol: for every
// platform whose NoSQL store speaks it.
//
// The package refuses to start or to find a store: it is given an address and
// credentials.
package tables

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sebs-go/sebs/harness/driver"
)

// Config says where the store is and what is ours in it.
type Config struct {
	URL         string // the store as this process reaches it, "http://127.0.0.1:8000"
	FunctionURL string // the store as functions reach it; empty: URL
	Direct      bool   // without an HTTP proxy: the store is on this machine or in one of its containers
	Region      string
	AccessKey   string
	SecretKey   string
	Prefix      string // of the run; tables are named prefix-rest
}

// The environment through which functions reach the store. The variable of a
// table has the name that the benchmark uses behind EnvTable.
const (
	EnvURL       = "SEBS_NOSQL_URL"
	EnvRegion    = "SEBS_NOSQL_REGION"
	EnvAccessKey = "SEBS_NOSQL_ACCESS_KEY"
	EnvSecretKey = "SEBS_NOSQL_SECRET_KEY"
	EnvTable     = "SEBS_NOSQL_TABLE_"
)

// Store is a NoSQL store reached over DynamoDB's protocol. It keeps the keys
// of tables that it has met, and idle connections.
type Store struct {
	config    Config
	client    *dynamodb.Client
	transport *http.Transport

	mu   sync.Mutex
	keys map[string]driver.Table // by table name
}

var _ driver.Tables = (*Store)(nil)

// New returns the store at config. It does not connect.
func New(config Config) *Store {
	if config.FunctionURL == "" {
		config.FunctionURL = config.URL
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
	}
	if config.Direct {
		transport.Proxy = nil
	}
	return &Store{
		config:    config,
		transport: transport,
		keys:      map[string]driver.Table{},
		client: dynamodb.New(dynamodb.Options{
			BaseEndpoint: aws.String(config.URL),
			Region:       config.Region,
			Credentials:  credentials.NewStaticCredentialsProvider(config.AccessKey, config.SecretKey, ""),
			HTTPClient:   &http.Client{Transport: transport},
		}),
	}
}

// Close closes idle connections.
func (s *Store) Close() { s.transport.CloseIdleConnections() }

// settling bounds how long a table may take to come into being or to end.
const settling = 5 * time.Minute

// Create implements driver.Tables. A table that exists with other keys is an
// error.
func (s *Store) Create(ctx context.Context, t driver.Table) error {
	in := &dynamodb.CreateTableInput{TableName: &t.Name, BillingMode: types.BillingModePayPerRequest}
	add := func(name string, kind types.KeyType) {
		in.AttributeDefinitions = append(in.AttributeDefinitions,
			types.AttributeDefinition{AttributeName: &name, AttributeType: types.ScalarAttributeTypeS})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &name, KeyType: kind})
	}
	add(t.Primary, types.KeyTypeHash)
	if t.Secondary != "" {
		add(t.Secondary, types.KeyTypeRange)
	}
	var exists *types.ResourceInUseException
	if _, err := s.client.CreateTable(ctx, in); err != nil && !errors.As(err, &exists) {
		return sentinel(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(s.client, func(o *dynamodb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, time.Second
	})
	active, err := waiter.WaitForOutput(ctx, &dynamodb.DescribeTableInput{TableName: &t.Name}, settling)
	if err != nil {
		return sentinel(err)
	}
	if have := keysOf(active.Table); have != t {
		return fmt.Errorf("it exists with the keys %q and %q instead of %q and %q", have.Primary, have.Secondary, t.Primary, t.Secondary)
	}
	s.mu.Lock()
	s.keys[t.Name] = t
	s.mu.Unlock()
	return nil
}

// keysOf returns the name and keys of a table as the store describes it.
func keysOf(d *types.TableDescription) driver.Table {
	t := driver.Table{Name: aws.ToString(d.TableName)}
	for _, k := range d.KeySchema {
		if k.KeyType == types.KeyTypeHash {
			t.Primary = aws.ToString(k.AttributeName)
		} else {
			t.Secondary = aws.ToString(k.AttributeName)
		}
	}
	return t
}

// describe returns a table's keys.
func (s *Store) describe(ctx context.Context, table string) (driver.Table, error) {
	s.mu.Lock()
	t, known := s.keys[table]
	s.mu.Unlock()
	if known {
		return t, nil
	}
	out, err := s.client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
	if err != nil {
		return driver.Table{}, sentinel(err)
	}
	t = keysOf(out.Table)
	s.mu.Lock()
	s.keys[table] = t
	s.mu.Unlock()
	return t, nil
}

// key returns the key of an item in the store's form.
func (s *Store) key(ctx context.Context, table, primary, secondary string) (map[string]types.AttributeValue, error) {
	t, err := s.describe(ctx, table)
	if err != nil {
		return nil, err
	}
	if (secondary == "") != (t.Secondary == "") {
		return nil, fmt.Errorf("the secondary key %q does not fit table %s, whose secondary key is %q", secondary, table, t.Secondary)
	}
	key := map[string]types.AttributeValue{t.Primary: &types.AttributeValueMemberS{Value: primary}}
	if t.Secondary != "" {
		key[t.Secondary] = &types.AttributeValueMemberS{Value: secondary}
	}
	return key, nil
}

// Put implements driver.Tables.
func (s *Store) Put(ctx context.Context, table string, item map[string]any) error {
	encoded, err := encodeItem(item)
	if err != nil {
		return err
	}
	_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: encoded})
	return sentinel(err)
}

// Get implements driver.Tables.
func (s *Store) Get(ctx context.Context, table, primary, secondary string) (map[string]any, error) {
	key, err := s.key(ctx, table, primary, secondary)
	if err != nil {
		return nil, err
	}
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, sentinel(err)
	}
	if len(out.Item) == 0 {
		return nil, fmt.Errorf("%w: table %s has no item %q, %q", driver.ErrNotFound, table, primary, secondary)
	}
	return decodeItem(out.Item)
}

// Query implements driver.Tables.
func (s *Store) Query(ctx context.Context, table, primary string) iter.Seq2[map[string]any, error] {
	return func(yield func(map[string]any, error) bool) {
		t, err := s.describe(ctx, table)
		if err != nil {
			yield(nil, err)
			return
		}
		pages := dynamodb.NewQueryPaginator(s.client, &dynamodb.QueryInput{
			TableName:                 &table,
			ConsistentRead:            aws.Bool(true),
			KeyConditionExpression:    aws.String("#p = :p"),
			ExpressionAttributeNames:  map[string]string{"#p": t.Primary},
			ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: primary}},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, sentinel(err))
				return
			}
			for _, encoded := range page.Items {
				item, err := decodeItem(encoded)
				if !yield(item, err) || err != nil {
					return
				}
			}
		}
	}
}

// Delete implements driver.Tables.
func (s *Store) Delete(ctx context.Context, table, primary, secondary string) error {
	key, err := s.key(ctx, table, primary, secondary)
	if err != nil {
		return err
	}
	_, err = s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key})
	return sentinel(err)
}

// Clear implements driver.Tables.
func (s *Store) Clear(ctx context.Context, table string) error {
	t, err := s.describe(ctx, table)
	if err != nil {
		return err
	}
	names := map[string]string{"#p": t.Primary}
	projection := "#p"
	if t.Secondary != "" {
		names["#s"], projection = t.Secondary, "#p, #s"
	}
	pages := dynamodb.NewScanPaginator(s.client, &dynamodb.ScanInput{
		TableName: &table, ConsistentRead: aws.Bool(true),
		ProjectionExpression: &projection, ExpressionAttributeNames: names,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return sentinel(err)
		}
		for _, key := range page.Items {
			if _, err := s.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
				return sentinel(err)
			}
		}
	}
	return nil
}

// Names implements driver.Tables.
func (s *Store) Names(ctx context.Context) ([]string, error) {
	var names []string
	pages := dynamodb.NewListTablesPaginator(s.client, &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, sentinel(err)
		}
		for _, name := range page.TableNames {
			if strings.HasPrefix(name, s.config.Prefix+"-") {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// Remove implements driver.Tables. It returns once the name can be used again.
func (s *Store) Remove(ctx context.Context, table string) error {
	s.mu.Lock()
	delete(s.keys, table)
	s.mu.Unlock()
	var ending *types.ResourceInUseException
	_, err := s.client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &table})
	if err = sentinel(err); errors.Is(err, driver.ErrNotFound) {
		return nil
	} else if err != nil && !errors.As(err, &ending) {
		return err
	}
	waiter := dynamodb.NewTableNotExistsWaiter(s.client, func(o *dynamodb.TableNotExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = 10*time.Millisecond, time.Second
	})
	return sentinel(waiter.Wait(ctx, &dynamodb.DescribeTableInput{TableName: &table}, settling))
}

// Access implements driver.Tables.
func (s *Store) Access(tables map[string]string) driver.Access {
	access := driver.Access{
		EnvURL:       s.config.FunctionURL,
		EnvRegion:    s.config.Region,
		EnvAccessKey: s.config.AccessKey,
		EnvSecretKey: s.config.SecretKey,
	}
	for name, real := range tables {
		access[EnvTable+name] = real
	}
	return access
}
